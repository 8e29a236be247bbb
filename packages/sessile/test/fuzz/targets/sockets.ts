import { WebSocket } from "ws";
import { inside } from "../../attack/inside.ts";
import type { Fixture } from "../../workerd/start.ts";
import type { FuzzTarget } from "../fuzz.ts";
import { agentsFrames, clientFrames } from "./frames.ts";

interface Door {
  readonly path: string;
  readonly protocols: readonly string[];
  readonly frames: readonly unknown[];
  /** What is said first, most of the time. */
  readonly greeting?: string;
  /** Says that everything before it has been read: it is answered in the words of `answered`. */
  readonly last: string;
  readonly answered: string;
}

const last = { id: "the-last", op: "append", type: "note.added" };
const chatFrames = [
  {
    type: "send",
    requestId: "r",
    id: "fuzzed",
    message: { id: "m", role: "user", parts: [{ type: "text", text: "x" }] },
  },
  { type: "resume", requestId: "r2", id: "fuzzed" },
  { type: "abort", requestId: "r" },
];
const doors: readonly Door[] = [
  {
    path: "/v1/sessions/notes/fuzzed",
    protocols: ["sessile.v1"],
    frames: clientFrames,
    greeting: '{"t":"hello","v":1}',
    last: JSON.stringify({ t: "do", commands: [last] }),
    answered: '"the-last"',
  },
  {
    path: "/agents/notes/fuzzed",
    protocols: [],
    frames: agentsFrames,
    last: JSON.stringify({ type: "rpc", id: "the-last", method: "instance", args: [] }),
    answered: '"the-last"',
  },
  {
    path: "/api/chat",
    protocols: [],
    frames: chatFrames,
    last: JSON.stringify({ type: "resume", requestId: "the-last", id: "nobody-spoke-here" }),
    answered: '"the-last"',
  },
];
/** Meant for whoever breaks the protocol, may not, or is too fast. */
const meant = new Set([1000, 1003, 1007, 1008, 1009, 4400, 4403, 4404, 4410, 4413, 4429]);

/** Frames that real sessions act on. */
export function socketFrames(fixture: Fixture): FuzzTarget {
  return {
    name: "sockets",
    weight: 5,
    parallel: 8,
    async attempt(hostile, note) {
      const { random } = hostile;
      const door = random.pick(doors);
      const frames: (string | Uint8Array)[] = Array.from({ length: random.between(1, 6) }, () =>
        random.chance(0.05)
          ? hostile.bytes(random.between(0, 700))
          : hostile.like(door.frames).toWellFormed(),
      );
      if (door.greeting !== undefined && random.chance(0.85)) frames.unshift(door.greeting);
      note({ path: door.path, frames: frames.map(String) });
      const { received, code } = await converse(fixture, door, frames);
      if (inside.test(received)) throw new Error(`shows its inside: ${received}`);
      if (received.includes('"internal"')) throw new Error(`failed: ${received}`);
      if (code !== null && !meant.has(code)) throw new Error(`was closed with ${code}: ${received}`);
    },
  };
}

/** @returns what came, and the code it was closed with; null if it was still open after the last frame was answered */
function converse(
  fixture: Fixture,
  door: Door,
  frames: readonly (string | Uint8Array)[],
): Promise<{ received: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(fixture.at(door.path).replace(/^http/, "ws"), [...door.protocols], {
      headers: { "x-test-user": "ada" },
    });
    let received = "";
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error(`neither answered nor closed within 20 s: ${received}`));
    }, 20_000);
    const done = (code: number | null) => {
      clearTimeout(timer);
      socket.terminate();
      resolve({ received, code });
    };
    socket.on("open", () => {
      for (const frame of [...frames, door.last]) socket.send(frame);
    });
    socket.on("message", (data) => {
      const text = String(data);
      // Events repeat what was sent to them; what the server says itself is looked at.
      if (!text.startsWith('{"t":"events"') && !text.startsWith('{"t":"welcome"'))
        received += `${text.slice(0, 2000)}\n`;
      if (text.includes(door.answered) && !text.startsWith('{"t":"events"')) done(null);
    });
    socket.on("close", done);
    socket.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
