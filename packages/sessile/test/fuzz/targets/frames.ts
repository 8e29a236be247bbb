import { deepStrictEqual } from "node:assert";
import { type AgentsClientFrame, readAgentsFrame } from "../../../src/protocol/agents-frame.ts";
import { audioBytesPerMs, decodeAudioFrame, encodeAudioFrame } from "../../../src/protocol/audio-frame.ts";
import { parseCommand, parseWith } from "../../../src/protocol/command.ts";
import { SessileError } from "../../../src/protocol/error.ts";
import { type ClientFrame, clientFrameSchema } from "../../../src/protocol/frame.ts";
import { type Json, parseJson } from "../../../src/protocol/json.ts";
import { defaultLimits } from "../../../src/protocol/limits.ts";
import { KernelFixture } from "../../../src/testing/kernel-fixture.ts";
import { type ChatFrame, readChatFrame } from "../../../src/worker/chat/chat-frame.ts";
import { commandRules } from "../../attack/command-rules.ts";
import { inside } from "../../attack/inside.ts";
import type { FuzzTarget } from "../fuzz.ts";
import type { Hostile } from "../hostile.ts";

export const commands = Object.entries(commandRules).map(([op, { form }]) => ({ id: "p.0.1", op, ...form }));
/** Every frame of the protocol; a new one without an entry does not compile. */
const clientFramesOf: { readonly [t in ClientFrame["t"]]: readonly object[] } = {
  hello: [{ v: 1, after: 3, history: 5, from: "snapshot", events: true, short: true }],
  pull: [{ after: 2 }],
  signal: [{ signal: { x: 1 } }],
  voice: [{ join: true }],
  do: commands.map((command) => ({ commands: [command, command] })),
};
export const clientFrames: readonly unknown[] = Object.entries(clientFramesOf).flatMap(([t, frames]) =>
  frames.map((frame) => ({ t, ...frame })),
);
const agentsFramesOf: { readonly [is in AgentsClientFrame["is"]]: object } = {
  state: { type: "cf_agent_state", state: { count: 1, text: "x" } },
  call: { type: "rpc", id: "r-1", method: "add", args: ["x"] },
  foreign: { type: "cf_agent_chat", id: "c" },
  message: { type: "message", text: "x" },
};
export const agentsFrames: readonly unknown[] = Object.values(agentsFramesOf);
export const chatMessage = { id: "m", role: "user", parts: [{ type: "text", text: "x" }] };
const chatFramesOf: { readonly [type in ChatFrame["type"]]: object } = {
  send: { requestId: "r", id: "fuzzed", message: chatMessage },
  resume: { requestId: "r2", id: "fuzzed" },
  abort: { requestId: "r" },
};
export const chatFrames: readonly unknown[] = Object.entries(chatFramesOf).map(([type, frame]) => ({
  type,
  ...frame,
}));

/** A frame of a call that is right, most of the time with a byte or two of its header changed. */
export function audioFrame({ random }: Hostile): Uint8Array {
  const { minAudioFrameMs, maxAudioFrameMs } = defaultLimits;
  const bytes = random.pick([minAudioFrameMs, minAudioFrameMs, maxAudioFrameMs]) * audioBytesPerMs;
  const pcm = new Uint8Array(bytes + random.pick([0, 0, 0, -2, -1, 2]));
  const frame = encodeAudioFrame({ track: 1, sequence: random.between(0, 9), offsetMs: 0, pcm });
  for (let times = random.between(0, 2); times > 0; times--)
    frame[random.between(0, 17)] = random.between(0, 255);
  return random.chance(0.1) ? frame.subarray(0, random.between(0, 20)) : frame;
}

const jsonLimits = { maxChars: defaultLimits.maxFrameChars, maxDepth: defaultLimits.maxDepth };

/** Passes whatever is refused in the words meant for it. @throws anything else */
export function refusing<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    assertRefusal(thrown);
    return undefined;
  }
}

export function assertRefusal(thrown: unknown): void {
  if (!(thrown instanceof SessileError) || thrown.code === "internal") throw thrown;
  const shown = JSON.stringify(thrown.toWire());
  if (inside.test(shown)) throw new Error(`shows its inside: ${shown}`);
}

/** Frames of a socket as they are read, before anybody acts on them. */
export const frameParsers: FuzzTarget = {
  name: "frames",
  weight: 40,
  parallel: 1,
  attempt(hostile, note) {
    const text = hostile.like(
      hostile.random.weighted([
        [7, clientFrames],
        [2, agentsFrames],
        [1, chatFrames],
      ]),
    );
    note(text);
    refusing(() => {
      const frame = parseWith(clientFrameSchema, parseJson(text, jsonLimits, "frame"), "frame");
      if (frame.t === "do")
        for (const command of frame.commands) refusing(() => parseCommand(command, "command"));
    });
    refusing(() => readAgentsFrame(text, defaultLimits));
    readChatFrame(text);
    refusing(() => decodeAudioFrame(audioFrame(hostile), defaultLimits));
  },
};

/** Commands as they are run, on a session's real tables. */
export const kernelCommands: FuzzTarget = {
  name: "commands",
  weight: 2,
  parallel: 1,
  attempt(hostile, note) {
    const { random } = hostile;
    const inputs = Array.from({ length: 30 }, () => hostile.twist(random.pick(commands), 0.06));
    note(inputs);
    const fixture = new KernelFixture({
      method:
        () =>
        (...args) =>
          args as Json,
    });
    fixture.kernel.write(null, fixture.now, (writer) => {
      writer.openGate({ gateId: "g", title: "May it?", options: ["approve", "deny"] });
    });
    for (const input of inputs) {
      const command = refusing(() => parseCommand(parseJson(input, jsonLimits), "body"));
      const outcome = command && refusing(() => fixture.one(command));
      if (outcome && !outcome.ok) assertRefusal(outcome.error);
    }
    // Whoever wakes from the tables finds what the memory had.
    const before = JSON.stringify(fixture.kernel.view);
    deepStrictEqual(JSON.parse(JSON.stringify(fixture.wake().view)), JSON.parse(before));
    fixture.database.close();
  },
};
