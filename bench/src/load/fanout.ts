import type { CatchupJob, FanoutJob, JobResult, ResumeJob } from "./jobs.ts";
import { acknowledged, openPeer, subjectOf, tapeFor } from "./peer-socket.ts";
import type { RawSocket } from "./raw-socket.ts";

const inFlight = 64;

/** Time until the last of all readers has the last event. */
export async function runFanout(job: FanoutJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const readers: RawSocket[] = [];
  for (let at = 0; at < job.readers; at += 32) {
    const count = Math.min(32, job.readers - at);
    const some = Array.from({ length: count }, () => openPeer(job.base, subject, job.session, "reader"));
    readers.push(...(await Promise.all(some)));
  }
  const writer = await openPeer(job.base, subject, job.session, "writer");
  // Who is there is told when somebody comes, which must not fall into the measured time.
  await new Promise((resolve) => setTimeout(resolve, 600));
  const eventsIn = eventCounter();
  const tape = tapeFor(subject, 1);
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    let behind = readers.length;
    for (const reader of readers) {
      let received = 0;
      reader.onEnd = (reason) => reject(new Error(`${job.subject}: ${reason}`));
      reader.onFrame = (payload) => {
        const before = received;
        received += eventsIn(payload);
        if (before < job.events && received >= job.events && --behind === 0) resolve();
      };
    }
    let sent = 0;
    let open = 0;
    const top = (): void => {
      const frames = Math.min(inFlight - open, job.events - sent);
      if (frames <= 0) return;
      writer.write(tape.take(frames));
      sent += frames;
      open += frames;
    };
    writer.onEnd = (reason) => reject(new Error(`${job.subject}: ${reason}`));
    writer.onFrame = (payload) => {
      open -= acknowledged(subject, payload);
    };
    writer.onDrained = top;
    top();
  });
  const ms = performance.now() - startedAt;
  for (const socket of [writer, ...readers]) socket.close();
  return { events: job.events * job.readers, ms, latenciesMs: [] };
}

/** Events in a frame of any subject. All readers get the same commits, so each is parsed once. */
function eventCounter(): (payload: Buffer) => number {
  const known = new Map<string, number>();
  const commitHead = Buffer.from('{"t":"commit","commit":{"firstSeq":');
  return (payload) => {
    // A short frame is one change of the state.
    if (payload[0] === 0x5b) return 1;
    if (payload.includes('"presence"') || payload.includes('"behind"')) {
      if (payload.includes('"t":"behind"'))
        throw new Error("A reader fell behind; the machine is too slow for this figure.");
      return 0;
    }
    if (payload.compare(commitHead, 0, commitHead.length, 0, commitHead.length) !== 0)
      return payload.includes('"cf_agent_mcp') ? 0 : 1;
    const key = payload.toString("latin1", commitHead.length, commitHead.length + 12);
    const before = known.get(key);
    if (before !== undefined) return before;
    const { commit } = JSON.parse(payload.toString()) as { commit: { events: readonly unknown[] } };
    known.set(key, commit.events.length);
    return commit.events.length;
  };
}

/** From hello until the last event is parsed, page by page. */
export async function runCatchup(job: CatchupJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const socket = await openPeer(job.base, subject, job.session, "silent");
  const startedAt = performance.now();
  const { events } = await catchUp(job.subject, socket, 0);
  const ms = performance.now() - startedAt;
  socket.close();
  if (events < job.events) throw new Error(`${job.subject} sent ${events} of ${job.events} events.`);
  return { events, ms, latenciesMs: [] };
}

/** From opening the socket until the last event is parsed. The log may hold more than is asked for: events of the session itself. */
export async function runResume(job: ResumeJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const latenciesMs: number[] = [];
  let lastSeq = job.events;
  const startedAt = performance.now();
  // The first finds out where the log ends, and is not counted.
  for (let time = 0; time <= job.times; time++) {
    const openedAt = performance.now();
    const socket = await openPeer(job.base, subject, job.session, "silent");
    const page = await catchUp(job.subject, socket, Math.max(0, lastSeq - job.behind));
    if (time > 0) latenciesMs.push(performance.now() - openedAt);
    socket.close();
    if (page.events < job.behind)
      throw new Error(`${job.subject} sent ${page.events} of ${job.behind} events.`);
    lastSeq = page.lastSeq;
  }
  const ms = performance.now() - startedAt;
  return { events: job.behind, ms, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

async function catchUp(
  name: string,
  socket: RawSocket,
  after: number,
): Promise<{ readonly events: number; readonly lastSeq: number }> {
  let events = 0;
  let lastSeq = after;
  await new Promise<void>((resolve, reject) => {
    socket.onEnd = (reason) => reject(new Error(`${name}: ${reason}`));
    socket.onFrame = (payload) => {
      const frame = JSON.parse(payload.toString()) as Page;
      if (frame.t !== "events") return;
      for (const commit of frame.commits) {
        events += commit.events.length;
        lastSeq = commit.firstSeq + commit.events.length - 1;
      }
      if (frame.more) socket.sendText(JSON.stringify({ t: "pull", after: lastSeq }));
      else resolve();
    };
    socket.sendText(JSON.stringify({ t: "hello", v: 1, after }));
  });
  return { events, lastSeq };
}

interface Page {
  readonly t: string;
  readonly commits: readonly { readonly firstSeq: number; readonly events: readonly unknown[] }[];
  readonly more: boolean;
}
