import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import {
  auto,
  connect,
  type HeardAudio,
  type SessionClient,
  type SocketConstructor,
  sse,
} from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { encodeAudioFrame } from "../../src/protocol/index.ts";
import { sound } from "./talker.ts";
import { VoiceScene } from "./voice-scene.ts";

let scene: VoiceScene;
beforeAll(async () => {
  scene = await VoiceScene.start();
});
afterAll(() => scene?.stop());

describe("the call", () => {
  test("VO1 VO3 VO5 participants hear each other and not themselves, with track and offset by the server; nobody else hears", async () => {
    const session = scene.fresh("rooms");
    const [ada, outsider] = [await scene.talker(session, "ada"), await scene.talker(session, "eve")];
    expect(await ada.join()).toMatchObject({ track: 1, participants: [{ track: 1, actor: { id: "ada" } }] });
    const bob = await scene.talker(session, "bob");
    const joined = await bob.join();
    expect(joined).toMatchObject({ track: 2, startedAt: expect.any(Number) });
    expect(joined.participants.map(({ track, actor }) => [track, actor.name])).toEqual([
      [1, "Name of ada"],
      [2, "Name of bob"],
    ]);
    expect((await ada.raw.next("voice")).participants).toHaveLength(2);
    const said = [ada.talk(), ada.talk(sound(500))];
    const heard = await bob.hears(2);
    expect(heard.map(({ track, sequence }) => [track, sequence])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(heard.map(({ pcm }) => Buffer.from(pcm))).toEqual(said.map((pcm) => Buffer.from(pcm)));
    expect((heard[1]?.offsetMs ?? 0) - (heard[0]?.offsetMs ?? 0)).toBeGreaterThanOrEqual(100);
    expect(heard[1]?.offsetMs).toBeLessThan(12_345_678);
    bob.talk();
    expect((await ada.hears(1))[0]).toMatchObject({ track: 2, sequence: 1 });
    expect([ada.audio.length, outsider.audio.length]).toEqual([1, 0]);
    bob.raw.send({ t: "voice", join: false });
    expect(await bob.raw.next("voice")).toMatchObject({ track: null, participants: [] });
    expect((await ada.raw.next("voice")).participants).toHaveLength(1);
    await ada.close();
    expect((await scene.log(session)).filter(({ type }) => type === "voice.started")).toHaveLength(1);
  });

  test("VO3 a socket that closes leaves the call, and its track is free again", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    await ada.close();
    expect(await bob.raw.next("voice", ({ participants }) => participants.length === 1)).toBeTruthy();
    expect((await (await scene.talker(session, "cy")).join()).track).toBe(1);
  });

  test("VO4 strangers, tiers without voice, kinds without, full calls and paused sessions are refused, and text goes on", async () => {
    const rooms = scene.fresh("rooms");
    const stranger = await scene.talker(rooms, null);
    expect(await stranger.join()).toMatchObject({
      track: null,
      notice: { about: "room", error: { code: "unauthenticated" } },
    });
    expect(await stranger.raw.do({ id: "t1", op: "append", type: "message", payload: "hi" })).toMatchObject([
      { id: "t1", seq: expect.any(Number) },
    ]);
    for (const user of ["ada", "bob", "cy"]) await scene.joined(rooms, user);
    expect((await (await scene.talker(rooms, "dan")).join()).notice?.error).toMatchObject({
      code: "overloaded",
      limit: "maxVoiceParticipants",
    });
    const mute = await scene.talker(scene.fresh("tiered"), "mute");
    expect((await mute.join()).notice?.error).toMatchObject({ code: "forbidden", reason: "tier" });
    const silent = await scene.talker(scene.fresh("silent"), "ada");
    expect((await silent.join()).notice?.error).toMatchObject({ code: "rejected" });
    const paused = scene.fresh("rooms");
    await scene.call(paused, "pause");
    for (const user of ["ada", "reader"])
      expect((await (await scene.talker(paused, user)).join()).notice?.error.code).toBe("not_writable");
  });

  test("VO2 WS6 frames of the wrong form or length end the connection by name, and so do any where there is no voice", async () => {
    const session = scene.fresh("rooms");
    const refused = async (bytes: Uint8Array, where = session) => {
      const talker = await scene.talker(where, "ada");
      talker.raw.socket.send(bytes);
      const { error } = await talker.raw.next("error");
      return [error.code, error.limit ?? error.field, (await talker.raw.closed).code];
    };
    const frame = (pcmBytes: number) =>
      encodeAudioFrame({ track: 0, sequence: 0, offsetMs: 0, pcm: new Uint8Array(pcmBytes) });
    expect(await refused(frame(16_002))).toEqual(["limit_exceeded", "maxAudioFrameMs", 4400]);
    expect(await refused(frame(3198))).toEqual(["limit_exceeded", "minAudioFrameMs", 4400]);
    expect(await refused(frame(3201))).toEqual(["bad_request", "audio.pcm", 4400]);
    expect(await refused(Buffer.from('{"t":"voice","join":true}'))).toEqual([
      "bad_request",
      "audio.version",
      4400,
    ]);
    expect(await refused(frame(3200), scene.fresh("silent"))).toEqual(["bad_request", undefined, 4400]);
  });

  test("VO5 VO6 VO7 audio from outside, without the right to write, or too fast is dropped, and told once in a row", async () => {
    const session = scene.fresh("rooms");
    const [ada, reader] = [await scene.joined(session, "ada"), await scene.joined(session, "reader")];
    const outsider = await scene.talker(session, "eve");
    for (const [talker, code] of [
      [outsider, "conflict"],
      [reader, "forbidden"],
    ] as const) {
      talker.talk();
      talker.talk();
      expect((await talker.notice("audio")).notice?.error.code).toBe(code);
    }
    ada.talk();
    expect(await reader.hears(1)).toHaveLength(1);
    expect(ada.audio).toHaveLength(0);
    const notices = reader.raw.frames.filter((frame) => frame.t === "voice" && frame.notice !== undefined);
    expect(notices).toHaveLength(1);

    const tiered = scene.fresh("tiered");
    const [fast, listener] = [await scene.joined(tiered, "ada"), await scene.joined(tiered, "bob")];
    for (let n = 0; n < 4; n++) fast.talk();
    expect((await fast.notice("audio")).notice?.error).toMatchObject({
      code: "rate_limited",
      limit: "audioRate",
    });
    fast.raw.send({ t: "voice", join: false });
    await listener.raw.next("voice", ({ participants }) => participants.length === 1);
    expect(listener.audio.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test("VO8 a participant that does not read misses audio and nothing else; the others hear all of it", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    const slow = await scene.joined(session, "cy");
    slow.raw.socket.pause();
    const frames = 1500;
    const piece = sound(500);
    for (let n = 0; n < frames; n++) {
      ada.talk(piece);
      if (n % 50 === 49) await bob.hears(n + 1);
    }
    expect(bob.audio.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: frames }, (_, n) => n + 1),
    );
    await ada.raw.do({ id: "x.1.1", op: "append", type: "message", payload: "over" });
    slow.raw.socket.resume();
    await slow.event("message");
    expect(slow.audio.length).toBeGreaterThan(0);
    expect(slow.audio.length).toBeLessThan(frames);
    ada.talk();
    await until(() => slow.audio.at(-1)?.sequence === frames + 1);
  });

  test("VO9 places outlast an eviction: the next frame is heard under the same track, later in the call", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    ada.talk();
    await bob.hears(1);
    await scene.evict("Rooms", session);
    ada.talk();
    const [first, second] = await bob.hears(2);
    expect([first?.track, second?.track]).toEqual([1, 1]);
    expect(second?.offsetMs).toBeGreaterThan(first?.offsetMs ?? 0);
    expect((await (await scene.talker(session, "cy")).join()).participants).toHaveLength(3);
    expect((await scene.log(session)).filter(({ type }) => type === "voice.started")).toHaveLength(1);
  });

  test("VO12 who only listens begins no call and writes nothing; the first who may talk does, for those who wait too", async () => {
    const session = scene.fresh("rooms");
    const reader = await scene.talker(session, "reader");
    expect(await reader.join()).toMatchObject({ track: 1, startedAt: null });
    await scene.evict("Rooms", session);
    expect((await scene.log(session)).some(({ type }) => type === "voice.started")).toBe(false);
    const ada = await scene.joined(session, "ada");
    const { startedAt } = await reader.raw.next("voice");
    const [started] = (await scene.log(session)).filter(({ type }) => type === "voice.started");
    expect(started).toMatchObject({
      actor: { id: "ada" },
      createdAt: new Date(startedAt ?? 0).toISOString(),
    });
    await scene.evict("Rooms", session);
    ada.talk();
    expect((await reader.hears(1))[0]?.track).toBe(2);
  });

  test("VO3 whoever comes and goes all the time is held to the rate of signals", async () => {
    const ada = await scene.talker(scene.fresh("rooms"), "ada");
    for (let n = 0; n < 120; n++) ada.raw.send({ t: "voice", join: n % 2 === 0 });
    expect((await ada.notice("room")).notice?.error).toMatchObject({
      code: "rate_limited",
      limit: "signalRate",
    });
  });

  test("VO17 a call ends for all when the session is paused", async () => {
    const session = scene.fresh("rooms");
    const ada = await scene.joined(session, "ada");
    await scene.call(session, "pause");
    expect(await ada.raw.next("voice")).toMatchObject({ track: null });
  });
});

describe("the client", () => {
  const client = (session: string, user: string, options: object = {}): SessionClient<never> => {
    const [kind, name] = session.split("/") as [string, string];
    const headers = { "x-test-user": user };
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers });
      }
    }
    const made = connect<never>({
      url: scene.server.url,
      kind,
      name,
      WebSocket: Socket as unknown as SocketConstructor,
      ...options,
    });
    onTestFinished(() => made.close());
    return made;
  };

  test("VO18 clients talk to each other in pieces of any length, and go on after the server was away", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [client(session, "ada"), client(session, "bob")];
    expect(ada.voice.send(new Int16Array(16))).toBe(false);
    await Promise.all([ada.voice.join(), bob.voice.join()]);
    await until(() => bob.voice.call.participants.length === 2);
    const heard: HeardAudio[] = [];
    bob.voice.onAudio((audio) => heard.push(audio));
    const samples = Int16Array.from({ length: 4000 }, (_, n) => (n * 37) % 30_000);
    for (let at = 0; at < 4000; at += 128) ada.voice.send(samples.subarray(at, at + 128));
    await until(() => heard.length === 1);
    ada.voice.send(new Int16Array(0), { end: true });
    await until(() => heard.length === 2);
    expect(heard[0]).toMatchObject({ from: { actor: { id: "ada" } }, sequence: 0 });
    expect([...(heard[0]?.pcm ?? [])]).toEqual([...samples.subarray(0, 3200)]);
    expect([...(heard[1]?.pcm.subarray(0, 800) ?? [])]).toEqual([...samples.subarray(3200)]);

    process.kill(scene.server.runtimePid as number, "SIGKILL");
    await until(() => ada.voice.call.track === null);
    await until(() => ada.voice.call.participants.length === 2 && bob.voice.call.participants.length === 2);
    ada.voice.send(new Int16Array(3200));
    await until(() => heard.length === 3);
    expect(heard[2]?.from?.actor.id).toBe("ada");
    bob.voice.leave();
    await until(() => ada.voice.call.participants.length === 1);
    expect(bob.voice.call.track).toBeNull();
  });

  test("VO3 whoever sends more signals than are taken joins and leaves all the same", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [client(session, "ada"), client(session, "bob")];
    await bob.voice.join();
    await ada.whenLive();
    const point = () => {
      for (let n = 0; n < 100; n++) ada.signal({ x: n });
    };
    point();
    expect((await ada.voice.join()).track).toBe(2);
    await until(() => bob.voice.call.participants.length === 2);
    point();
    ada.voice.leave();
    await until(() => bob.voice.call.participants.length === 1);
  });

  test("VO18 who joins, leaves and joins again before anything is answered is in the call", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [client(session, "ada"), client(session, "bob")];
    await bob.voice.join();
    await ada.whenLive();
    const again = () => {
      ada.voice.leave();
      return ada.voice.join();
    };
    const joins = [ada.voice.join(), again(), again()];
    expect((await Promise.allSettled(joins)).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    let heard = 0;
    bob.voice.onAudio(() => {
      heard += 1;
    });
    // What is sent before the answers to all of it have come is dropped.
    await until(() => {
      ada.voice.send(new Int16Array(3200));
      return heard >= 20;
    });
    expect(ada.voice.call.track).toBe(2);
  });

  test("VO5 TR11 over the socket that auto() chose audio is heard too", async () => {
    const session = scene.fresh("rooms");
    const [ada, bob] = [client(session, "ada"), client(session, "bob", { transport: auto() })];
    await Promise.all([ada.voice.join(), bob.voice.join()]);
    await until(() => bob.voice.call.participants.length === 2);
    const heard: HeardAudio[] = [];
    bob.voice.onAudio((audio) => heard.push(audio));
    ada.voice.send(new Int16Array(3200));
    await until(() => heard.length === 1);
    expect(heard[0]?.from?.actor.id).toBe("ada");
  });

  test("VO4 VO6 VO18 a refusal rejects the join, a dropped frame is a notice, and over HTTP there is no voice", async () => {
    const session = scene.fresh("rooms");
    await expect(client(scene.fresh("silent"), "ada").voice.join()).rejects.toMatchObject({
      code: "rejected",
    });
    const reader = client(session, "reader");
    await reader.voice.join();
    const notices: unknown[] = [];
    reader.voice.onNotice((notice) => notices.push(notice));
    reader.voice.send(new Int16Array(3200));
    await until(() => notices.length > 0);
    expect(notices).toMatchObject([{ about: "audio", error: { code: "forbidden" } }]);

    const plain = client(session, "cy", { transport: sse({ headers: { "x-test-user": "cy" } }) });
    await plain.whenLive();
    await expect(plain.voice.join()).rejects.toMatchObject({
      code: "rejected",
      details: { field: "transport" },
    });
    plain.close();
    await expect(plain.voice.join()).rejects.toMatchObject({ code: "unavailable" });
  });
});
