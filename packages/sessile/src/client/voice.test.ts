import { expect, onTestFinished, test } from "vitest";
import type { VoiceFrame, VoiceNotice, WireError } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { connect } from "./index.ts";

/** A client in the call, which has lost its connection and asked to join again. */
async function rejoining() {
  const clock = new FakeClock();
  const server = new ScriptedServer();
  const { WebSocket } = server;
  const client = connect({ url: "https://sessions.test", kind: "note", name: "n1", WebSocket, clock });
  onTestFinished(() => client.close());
  const notices: VoiceNotice[] = [];
  client.voice.onNotice((notice) => notices.push(notice));
  const answer = async (frame: Partial<VoiceFrame>) => {
    server.send({ t: "voice", track: null, startedAt: null, participants: [], ...frame } as VoiceFrame);
    await settled();
  };
  const refuse = (error: Partial<WireError>) =>
    answer({ notice: { about: "room", error: { code: "unavailable", message: "later", ...error } } });
  const asked = () => server.frames.flatMap((frame) => (frame.t === "voice" ? [frame.join] : []));
  await client.whenLive();
  const joined = client.voice.join();
  await answer({ track: 1 });
  await joined;
  server.pair.break();
  await clock.advanceAsync(5000);
  expect([asked(), client.voice.call.track]).toEqual([[true, true], null]);
  return { clock, server, voice: client.voice, notices, answer, refuse, asked };
}

test("VO18 a client that may not join again for now says so and asks again, when it is told to or after a second", async () => {
  const { clock, voice, notices, answer, refuse, asked } = await rejoining();
  await refuse({ retryAfterMs: 3000 });
  expect(notices).toMatchObject([{ about: "room", error: { code: "unavailable" } }]);
  await clock.advanceAsync(2999);
  expect(asked()).toHaveLength(2);
  await clock.advanceAsync(1);
  expect(asked()).toHaveLength(3);
  await refuse({});
  const joined = voice.join();
  await clock.advanceAsync(1000);
  expect(asked()).toEqual([true, true, true, true]);
  await answer({ track: 2 });
  expect([(await joined).track, voice.call.track]).toEqual([2, 2]);
});

test("VO18 it does not ask again once it has left, has lost the connection, or may not join at all", async () => {
  const left = await rejoining();
  await left.refuse({});
  left.voice.leave();
  await left.refuse({});
  const lost = await rejoining();
  await lost.refuse({ retryAfterMs: 60_000 });
  lost.server.pair.break();
  await lost.clock.advanceAsync(5000);
  await lost.answer({ track: 1 });
  const refused = await rejoining();
  await refused.refuse({ code: "forbidden" });
  for (const { clock } of [left, lost, refused]) await clock.advanceAsync(120_000);
  expect([left.asked(), lost.asked(), refused.asked()]).toEqual([
    [true, true, false],
    [true, true, true],
    [true, true],
  ]);
});
