import type { FrameTape } from "./frame-tape.ts";
import type { AppendJob, FillJob, JobResult, SpreadJob } from "./jobs.ts";
import { acknowledged, openPeer, subjectOf, tapeFor } from "./peer-socket.ts";
import type { RawSocket } from "./raw-socket.ts";

const maxSamples = 4000;

/** A measured stretch of time: counts and latencies outside of it are dropped. */
class Window {
  readonly from: number;
  readonly to: number;
  readonly latencies: number[] = [];
  events = 0;

  constructor(warmupMs: number, ms: number) {
    this.from = performance.now() + warmupMs;
    this.to = this.from + ms;
  }

  count(now: number, events: number): void {
    if (now >= this.from && now < this.to) this.events += events;
  }

  sample(now: number, sentAt: number): void {
    if (now >= this.from && now < this.to) this.latencies.push(now - sentAt);
  }

  result(): JobResult {
    return { events: this.events, ms: this.to - this.from, latenciesMs: thin(this.latencies) };
  }
}

/** A sorted sample that keeps the quantiles. */
function thin(values: number[]): readonly number[] {
  values.sort((a, b) => a - b);
  if (values.length <= maxSamples) return values;
  const step = (values.length - 1) / (maxSamples - 1);
  return Array.from({ length: maxSamples }, (_, index) => values[Math.round(index * step)] as number);
}

/** Keeps `inFlight` events unanswered on one socket, in frames of `perFrame`. Ends when `more` says so and all is answered. */
async function pump(
  job: { base: string; subject: AppendJob["subject"]; session: string; inFlight: number; perFrame: number },
  observe: (now: number, events: number, sentAt: readonly number[]) => void,
  more: (sent: number, now: number) => boolean,
): Promise<void> {
  const subject = subjectOf(job.subject);
  const socket = await openPeer(job.base, subject, job.session, "writer");
  const tape = tapeFor(subject, job.perFrame);
  // Answers come in order: the oldest unanswered frame is always the next to be answered.
  const sentAt: number[] = [];
  let sent = 0;
  let open = 0;
  let answered = 0;
  let answeredFrames = 0;
  await new Promise<void>((resolve, reject) => {
    const top = (now: number): void => {
      if (!more(sent, now)) {
        if (open === 0) resolve();
        return;
      }
      const frames = Math.floor((job.inFlight - open) / job.perFrame);
      if (frames <= 0) return;
      socket.write(tape.take(frames));
      for (let frame = 0; frame < frames; frame++) sentAt.push(now);
      sent += frames * job.perFrame;
      open += frames * job.perFrame;
    };
    socket.onEnd = (reason) => reject(new Error(`${job.subject}: ${reason}`));
    socket.onFrame = (payload) => {
      try {
        answered += acknowledged(subject, payload);
      } catch (thrown) {
        reject(thrown);
      }
    };
    socket.onDrained = () => {
      const events = answered - (sent - open);
      if (events === 0) return;
      const now = performance.now();
      open -= events;
      const frames = Math.floor(answered / job.perFrame) - answeredFrames;
      answeredFrames += frames;
      observe(now, events, sentAt.splice(0, frames));
      top(now);
    };
    top(performance.now());
  });
  socket.close();
}

export async function runAppend(job: AppendJob): Promise<JobResult> {
  const window = new Window(job.warmupMs, job.ms);
  await pump(
    job,
    (now, events, sentAt) => {
      window.count(now, events);
      for (const at of sentAt) window.sample(now, at);
    },
    (_sent, now) => now < window.to,
  );
  return window.result();
}

export async function runFill(job: FillJob): Promise<JobResult> {
  const startedAt = performance.now();
  await pump(
    job,
    () => {},
    (sent) => sent < job.events,
  );
  return { events: job.events, ms: performance.now() - startedAt, latenciesMs: [] };
}

/**
 * Opens all sockets and has every session answer once before the clock starts: creating objects and waking those that
 * fell asleep meanwhile is not what is measured.
 */
export async function runSpread(job: SpreadJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const names = Array.from({ length: job.sessions }, (_, index) => `${job.session}-${index}`);
  const sockets: RawSocket[] = [];
  for (let at = 0; at < names.length; at += 32) {
    const some = names.slice(at, at + 32).map((name) => openPeer(job.base, subject, name, "writer"));
    sockets.push(...(await Promise.all(some)));
  }
  const tapes = sockets.map(() => tapeFor(subject, 1));
  await forEachAnswer(job, sockets, tapes, () => false);
  const window = new Window(0, job.ms);
  await forEachAnswer(job, sockets, tapes, (now, events, sentAt) => {
    window.count(now, events);
    window.sample(now, sentAt);
    return now < window.to;
  });
  for (const socket of sockets) socket.close();
  return window.result();
}

/** One in flight on each socket; the next goes out while `answered` says true. */
async function forEachAnswer(
  { subject }: SpreadJob,
  sockets: readonly RawSocket[],
  tapes: readonly FrameTape[],
  answered: (now: number, events: number, sentAt: number) => boolean,
): Promise<void> {
  const all = sockets.map((socket, index) => {
    const tape = tapes[index] as FrameTape;
    return new Promise<void>((resolve, reject) => {
      let sentAt = performance.now();
      socket.onEnd = (reason) => reject(new Error(`${subject}: ${reason}`));
      socket.onFrame = (payload) => {
        const events = acknowledged(subjectOf(subject), payload);
        if (events === 0) return;
        const now = performance.now();
        const more = answered(now, events, sentAt);
        sentAt = now;
        if (more) socket.write(tape.take(1));
        else resolve();
      };
      socket.write(tape.take(1));
    });
  });
  await Promise.all(all);
}
