import { WebSocket } from "ws";
import { inside } from "../../attack/inside.ts";
import type { Fixture } from "../../workerd/start.ts";
import type { FuzzTarget } from "../fuzz.ts";
import { streamPaths, type Talk, talks } from "./doors.ts";

const headers = { "x-test-user": "ada" };
/** Meant for whoever breaks the protocol, may not, or is too fast. */
const meant = new Set([1000, 1003, 1007, 1008, 1009, 4400, 4403, 4404, 4410, 4413, 4429]);

const everyTalk = Object.values(talks).flat();

/** Frames that real sessions act on. */
export function socketFrames(fixture: Fixture): FuzzTarget {
  return {
    name: "sockets",
    weight: 5,
    parallel: 8,
    async begin() {
      for (const path of streamPaths)
        await fixture.ask("PUT", path, {
          body: [1, 2, 3, 4, 5],
          headers: { "content-type": "application/json", ...headers },
        });
    },
    async attempt(hostile, note) {
      const { random } = hostile;
      const talk = random.pick(everyTalk);
      const frames: (string | Uint8Array)[] = Array.from({ length: random.between(1, 6) }, () => {
        if (talk.binary && random.chance(0.6)) return talk.binary(hostile);
        return random.chance(0.05)
          ? hostile.bytes(random.between(0, 700))
          : hostile.like(talk.frames).toWellFormed();
      });
      if (talk.greeting && random.chance(0.85)) frames.unshift(...talk.greeting);
      note({ path: talk.path, frames: frames.map(String) });
      const { received, code } = await converse(fixture, talk, frames);
      if (inside.test(received)) throw new Error(`shows its inside: ${received}`);
      if (received.includes('"internal"')) throw new Error(`failed: ${received}`);
      if (code !== null && !meant.has(code)) throw new Error(`was closed with ${code}: ${received}`);
    },
  };
}

/** @returns what came, and the code it was closed with; null if it was still open after the last frame was answered */
function converse(
  fixture: Fixture,
  talk: Talk,
  frames: readonly (string | Uint8Array)[],
): Promise<{ received: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(fixture.at(talk.path).replace(/^http/, "ws"), [...talk.protocols], {
      headers,
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
      for (const frame of [...frames, talk.last]) socket.send(frame);
    });
    socket.on("message", (data) => {
      const text = String(data);
      // Events repeat what was sent to them; what the server says itself is looked at.
      if (!text.startsWith('{"t":"events"') && !text.startsWith('{"t":"welcome"'))
        received += `${text.slice(0, 2000)}\n`;
      if (text.includes(talk.answered) && !text.startsWith('{"t":"events"')) done(null);
    });
    socket.on("close", done);
    socket.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
