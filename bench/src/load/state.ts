import type { BenchOrder } from "../worker/bench-order.ts";
import type { JobResult, StateJob } from "./jobs.ts";
import { openPeer, subjectOf } from "./peer-socket.ts";
import { encodeFrame, type RawSocket } from "./raw-socket.ts";

/** Changes of a state, each as its own order, until the last of all readers has the last of them. */
export async function runState(job: StateJob): Promise<JobResult> {
  const subject = subjectOf(job.subject);
  const writer = await openPeer(job.base, subject, job.session, "writer");
  const orders = orderFrames(subject.wire);
  await oneByOne(writer, [orders({ do: "fill", chars: job.chars, messages: job.messages })]);
  const readers = await Promise.all(
    Array.from({ length: job.readers }, () => openPeer(job.base, subject, job.session, "reader")),
  );
  // Who is there is told when somebody comes, which must not fall into the measured time.
  await new Promise((resolve) => setTimeout(resolve, 600));
  const order: BenchOrder =
    job.change === "grow" ? { do: "grow", text: "twenty characters .." } : { do: "count" };
  const sizes: number[] = [];
  const startedAt = performance.now();
  await Promise.all([
    ...readers.map((reader, index) => allSeen(reader, job.updates, index === 0 ? sizes : null)),
    inFlight(
      writer,
      job.inFlight,
      Array.from({ length: job.updates }, () => orders(order)),
    ),
  ]);
  const ms = performance.now() - startedAt;
  for (const socket of [writer, ...readers]) socket.close();
  return { events: job.updates * job.readers, ms, latenciesMs: [], frameBytes: sizes.sort((a, b) => a - b) };
}

/** Frames of one producer, ready to be written. */
function orderFrames(wire: "commands" | "messages"): (order: BenchOrder) => Buffer {
  const producer = `p${Math.random().toString(36).slice(2, 9).padEnd(7, "0")}`;
  let n = 0;
  return (order) => {
    const id = `${producer}.1.${n++}`;
    const command = { op: "call", id, method: "order", args: [order] };
    return encodeFrame(
      JSON.stringify(wire === "messages" ? { id, order } : { t: "do", commands: [command] }),
    );
  };
}

const oneByOne = (writer: RawSocket, frames: readonly Buffer[]) => inFlight(writer, 1, frames);

function inFlight(writer: RawSocket, window: number, frames: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let [sent, answered] = [0, 0];
    const top = (): void => {
      const next = frames.slice(sent, answered + window);
      if (next.length === 0) return;
      sent += next.length;
      writer.write(Buffer.concat(next));
    };
    writer.onEnd = (reason) => reject(new Error(reason));
    writer.onFrame = (payload) => {
      answered += answersIn(payload);
      if (answered >= frames.length) resolve();
    };
    writer.onDrained = top;
    top();
  });
}

/** The frames of states are long; only their ends are looked at. */
const lookedAt = 64;

function isState(payload: Buffer): boolean {
  return (
    payload.subarray(0, lookedAt).includes('"cf_agent_state"') ||
    payload.subarray(-lookedAt).includes('"cf_agent_state"')
  );
}

function answersIn(payload: Buffer): number {
  if (payload.subarray(0, 20).includes('"t":"commit"')) {
    const { acks = [] } = JSON.parse(payload.toString()) as { acks?: readonly { error?: unknown }[] };
    const refused = acks.find(({ error }) => error !== undefined);
    if (refused) throw new Error(`An order was refused: ${JSON.stringify(refused.error)}`);
    return acks.length;
  }
  return isState(payload) ? 1 : 0;
}

/** @param sizes gets the bytes of each frame that brings changes, the frame's own included */
function allSeen(reader: RawSocket, updates: number, sizes: number[] | null): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    reader.onEnd = (reason) => reject(new Error(reason));
    reader.onFrame = (payload) => {
      const changes = changesIn(payload);
      if (changes === 0) return;
      sizes?.push(payload.length + (payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10));
      seen += changes;
      if (seen >= updates) resolve();
    };
  });
}

function changesIn(payload: Buffer): number {
  // A short frame is one change.
  if (payload[0] === 0x5b) return 1;
  const head = payload.subarray(0, lookedAt);
  if (head.includes('"t":"behind"'))
    throw new Error("A reader fell behind; the machine is too slow for this figure.");
  if (!head.includes('"t":"commit"')) return isState(payload) ? 1 : 0;
  let changes = 0;
  const mark = '"type":"state.changed"';
  for (let at = payload.indexOf(mark); at >= 0; at = payload.indexOf(mark, at + mark.length)) changes += 1;
  return changes;
}
