import type { FrameTape } from "./frame-tape.ts";
import type { HoldJob, JobResult, PokeJob } from "./jobs.ts";
import { acknowledged, openPeer, subjectOf, tapeFor } from "./peer-socket.ts";
import type { RawSocket } from "./raw-socket.ts";

interface Held {
  readonly socket: RawSocket;
  readonly tape: FrameTape;
}

const held = new Map<string, Held>();

export async function runHold(job: HoldJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const socket = await openPeer(job.base, subject, job.session, "writer");
  held.set(`${job.subject}/${job.session}`, { socket, tape: tapeFor(subject, 1) });
  return { events: 0, ms: 0, latenciesMs: [] };
}

/** One append over the socket that slept with its object, and its acknowledgement. */
export async function runPoke(job: PokeJob): Promise<JobResult> {
  const peer = held.get(`${job.subject}/${job.session}`);
  if (!peer) throw new Error("Nobody holds a socket to this session.");
  const { socket, tape } = peer;
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    socket.onEnd = (reason) => reject(new Error(`${job.subject}: ${reason}`));
    socket.onFrame = (payload) => {
      if (acknowledged(subjectOf(job.subject), payload) > 0) resolve();
    };
    socket.write(tape.take(1));
  });
  return { events: 1, ms: performance.now() - startedAt, latenciesMs: [] };
}
