import { expect, test } from "vitest";
import { defaultLimits } from "../../protocol/limits.ts";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { hostClock } from "../../testing/host-clock.ts";
import { ada, KernelFixture } from "../../testing/kernel-fixture.ts";
import type { ConnectedPeer, Peers } from "../peers.ts";
import type { SessionHooks } from "../session-hooks.ts";
import { VoiceHost } from "./voice-host.ts";
import { transcriptEventsOf } from "./voice-settings.ts";

test("VO15 what waits for the record is not said any more once it was told to stop", async () => {
  const clock = hostClock(new FakeClock());
  const { kernel } = new KernelFixture({ transcripts: transcriptEventsOf({}) });
  const socket = {} as WebSocket;
  const peer = { peerId: "p", actor: ada, phase: "live", since: 0, voice: { track: 1, startedAt: 0 } };
  const heard: Uint8Array[] = [];
  let show = Promise.withResolvers<void>();
  const host = new VoiceHost({
    settings: {
      synthesizer: {
        synthesize: async function* () {
          yield new Uint8Array(6400);
        },
      },
    },
    peers: {
      inVoice: () => [socket],
      get: () => peer as ConnectedPeer,
      sendAudio: (_to, frame) => void heard.push(frame),
    } as Pick<Peers, "inVoice" | "get" | "sendAudio"> as Peers,
    limits: defaultLimits,
    clock,
    hooks: {} as SessionHooks,
    refusal: () => null,
    write: (actor, body) => kernel.write(actor, clock.now(), body).value,
    isActive: () => true,
    insideCommit: () => false,
    shown: () => show.promise,
    report: () => {},
  });
  const stopped = host.say("one");
  await settled();
  host.stopSpeaking();
  show.resolve();
  expect([await stopped, heard.length]).toEqual([false, 0]);
  show = Promise.withResolvers();
  show.resolve();
  expect([await host.say("two"), heard.length]).toEqual([true, 1]);
});

test("VO18 a leaving is answered also where nobody had joined", () => {
  const socket = {} as WebSocket;
  const told: unknown[] = [];
  const host = new VoiceHost({
    settings: {},
    peers: {
      inVoice: () => [],
      get: () => ({ peerId: "p", actor: ada, phase: "live", since: 0 }) as ConnectedPeer,
      send: (_to, frame) => void told.push(frame),
    } as Pick<Peers, "inVoice" | "get" | "send"> as Peers,
    limits: defaultLimits,
    clock: hostClock(new FakeClock()),
    hooks: {} as SessionHooks,
    refusal: () => null,
    write: () => {
      throw new Error("Nothing is written.");
    },
    isActive: () => true,
    insideCommit: () => false,
    shown: async () => {},
    report: () => {},
  });
  host.request(socket, false);
  expect(told).toEqual([{ t: "voice", track: null, startedAt: null, participants: [] }]);
});
