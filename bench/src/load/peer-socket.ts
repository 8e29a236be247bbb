import { type Subject, subjects } from "../subjects.ts";
import { FrameTape, numberHole } from "./frame-tape.ts";
import { RawSocket } from "./raw-socket.ts";

export type PeerRole =
  /** Sends, and hears only what became of it. */
  | "writer"
  /** Hears every event from now on. */
  | "reader"
  /** Opened, but nothing said: the caller says hello. */
  | "silent";

/** Opens a socket to one session of a subject, up to the point where it may send or hears everything. */
export async function openPeer(
  base: string,
  subject: Subject,
  name: string,
  role: PeerRole,
): Promise<RawSocket> {
  const url = new URL(`${subject.path}/${name}`, base);
  if (role === "reader" && subject.path.startsWith("/floor/")) url.searchParams.set("read", "1");
  const socket = await RawSocket.open(url, subject.subprotocol);
  if (role === "silent" || !subject.greets) return socket;
  if (subject.subprotocol !== undefined) {
    socket.sendText(
      JSON.stringify({
        t: "hello",
        v: 1,
        ...(role === "writer" ? { events: false } : { history: 0, short: true }),
      }),
    );
  }
  await greeted(socket, subject, role);
  return socket;
}

/** A reader of the product is live after its first page; a writer may send after the welcome. */
function greeted(socket: RawSocket, subject: Subject, role: PeerRole): Promise<void> {
  const last =
    subject.name === "agents" ? '"cf_agent_state"' : role === "reader" ? '"t":"events"' : '"t":"welcome"';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${subject.name} did not greet within 20 s.`)), 20_000);
    socket.onEnd = (reason) => reject(new Error(`${subject.name}: ${reason}`));
    socket.onFrame = (payload) => {
      if (!payload.includes(last)) return;
      clearTimeout(timer);
      socket.onFrame = () => {};
      resolve();
    };
  });
}

/** About 150 bytes, like a short chat message with its author. */
const payload = {
  text: "The quick brown fox jumps over the lazy dog while twelve careful monkeys type what will never be a play.",
  from: "load",
  at: 1_760_000_000_000,
};

/** Frames of one producer. `perFrame` above 1 needs a wire that packs. */
export function tapeFor(subject: Subject, perFrame: number): FrameTape {
  const producer = `p${Math.random().toString(36).slice(2, 9).padEnd(7, "0")}`;
  const id = `${producer}.1.${numberHole}`;
  if (subject.wire === "messages") return new FrameTape(JSON.stringify({ id, payload }));
  const command = { op: "append", id, type: "message", payload };
  return new FrameTape(JSON.stringify({ t: "do", commands: new Array(perFrame).fill(command) }));
}

interface Answer {
  readonly t?: string;
  readonly type?: string;
  readonly acks?: readonly { readonly error?: unknown }[];
}

/** How many events this frame says are durable. @throws when one was refused */
export function acknowledged(subject: Subject, frame: Buffer): number {
  const answer = JSON.parse(frame.toString("latin1")) as Answer;
  if (subject.wire === "messages") return answer.type === "cf_agent_state" ? 1 : 0;
  if (answer.t === "error") throw new Error(`${subject.name}: ${frame.toString()}`);
  for (const { error } of answer.acks ?? []) {
    if (error !== undefined) throw new Error(`${subject.name} refused an append: ${JSON.stringify(error)}`);
  }
  return answer.acks?.length ?? 0;
}

export function subjectOf(name: keyof typeof subjects): Subject {
  return subjects[name];
}
