import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import {
  connect,
  type HeardAudio,
  type SessionClient,
  type SocketConstructor,
  sse,
} from "../../src/client/index.ts";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import {
  type AudioFrame,
  decodeAudioFrame,
  defaultLimits,
  encodeAudioFrame,
  type SessionEvent,
  type VoiceFrame,
} from "../../src/protocol/index.ts";
import { bundle } from "../bundle.ts";
import { RawSocket } from "./raw-socket.ts";
import { turnInfo, VoiceServices } from "./voice-services.ts";

vi.setConfig({ testTimeout: 45_000 });

let server: Server;
let services: VoiceServices;
let opened: { close(): unknown }[] = [];
const folder = temporaryFolder();
beforeAll(async () => {
  services = await VoiceServices.start();
  server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("fixture-calls.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: {
      CALLS: { className: "Calls" },
      BRIEF: { className: "Brief" },
      ROOMS: { className: "Rooms" },
      TIERED: { className: "Tiered" },
      SILENT: { className: "Silent" },
    },
    d1: ["SESSILE_RECORD"],
    vars: { SERVICES_URL: services.url },
    log: (entry) => {
      if (process.env.SESSILE_TEST_LOG) console.error(entry.from, entry.level, entry.message);
    },
  });
}, 60_000);
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  opened = [];
});
afterAll(async () => {
  await server?.close();
  await services?.stop();
  folder[Symbol.dispose]();
});

let names = 0;
function fresh(kind: string): string {
  names += 1;
  return `${kind}/v-${names}`;
}

/** A peer that speaks the protocol by hand. */
class Talker {
  readonly raw: RawSocket;
  readonly audio: AudioFrame[] = [];
  #sequence = 0;

  private constructor(raw: RawSocket) {
    this.raw = raw;
    raw.socket.on("message", (data, isBinary) => {
      if (isBinary) this.audio.push(decodeAudioFrame(data as Buffer, defaultLimits));
    });
  }

  static async open(session: string, user: string | null): Promise<Talker> {
    const headers: Record<string, string> = user === null ? {} : { "x-test-user": user };
    const raw = await RawSocket.open(`${server.url}/v1/sessions/${session}`, { headers });
    const talker = new Talker(raw);
    opened.push(talker);
    await raw.greet();
    return talker;
  }

  static async joined(session: string, user: string): Promise<Talker> {
    const talker = await Talker.open(session, user);
    talker.raw.send({ t: "voice", join: true });
    expect((await talker.raw.next("voice")).track).toBeGreaterThan(0);
    return talker;
  }

  join(): Promise<VoiceFrame> {
    this.raw.send({ t: "voice", join: true });
    return this.raw.next("voice");
  }

  /** @returns what was sent */
  talk(pcm: Uint8Array = sound(100)): Uint8Array {
    this.#sequence += 1;
    // Lies about whose it is and when it was said.
    const frame = { track: 999, sequence: this.#sequence, offsetMs: 12_345_678, pcm };
    this.raw.socket.send(encodeAudioFrame(frame));
    return pcm;
  }

  async hears(count: number): Promise<AudioFrame[]> {
    await until(() => this.audio.length >= count);
    return this.audio;
  }

  notice(about: string): Promise<VoiceFrame> {
    return this.raw.next("voice", ({ notice }) => notice?.about === about);
  }

  event(type: string, fits: (event: SessionEvent) => boolean = () => true): Promise<SessionEvent> {
    return this.raw.event((event) => event.type === type && fits(event));
  }

  close(): Promise<unknown> {
    return this.raw.close();
  }
}

/** Milliseconds of samples that no other test and no text has. */
let seed = 1;
function sound(ms: number): Uint8Array {
  return Uint8Array.from({ length: ms * 32 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 24;
  });
}

async function ask(method: string, path: string, body?: unknown, user = "ada") {
  const response = await fetch(`${server.url}/v1/sessions/${path}`, {
    method,
    headers: { "x-test-user": user, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  return { status: response.status, body: (await response.json()) as any };
}
const call = async (session: string, method: string, ...args: unknown[]) =>
  (await ask("POST", `${session}/call/${method}`, args)).body.result;
const log = async (session: string): Promise<SessionEvent[]> =>
  (await ask("GET", `${session}/events?limit=1000`)).body.items;

describe("the call", () => {
  test("VO1 VO3 VO5 participants hear each other and not themselves, with track and offset by the server; nobody else hears", async () => {
    const session = fresh("rooms");
    const [ada, outsider] = [await Talker.open(session, "ada"), await Talker.open(session, "eve")];
    expect(await ada.join()).toMatchObject({ track: 1, participants: [{ track: 1, actor: { id: "ada" } }] });
    const bob = await Talker.open(session, "bob");
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
    expect((await log(session)).filter(({ type }) => type === "voice.started")).toHaveLength(1);
  });

  test("VO3 a socket that closes leaves the call, and its track is free again", async () => {
    const session = fresh("rooms");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    await ada.close();
    expect(await bob.raw.next("voice", ({ participants }) => participants.length === 1)).toBeTruthy();
    expect((await (await Talker.open(session, "cy")).join()).track).toBe(1);
  });

  test("VO4 strangers, tiers without voice, kinds without, full calls and paused sessions are refused, and text goes on", async () => {
    const rooms = fresh("rooms");
    const stranger = await Talker.open(rooms, null);
    expect(await stranger.join()).toMatchObject({
      track: null,
      notice: { about: "room", error: { code: "unauthenticated" } },
    });
    expect(await stranger.raw.do({ id: "t1", op: "append", type: "message", payload: "hi" })).toMatchObject([
      { id: "t1", seq: expect.any(Number) },
    ]);
    for (const user of ["ada", "bob", "cy"]) await Talker.joined(rooms, user);
    expect((await (await Talker.open(rooms, "dan")).join()).notice?.error).toMatchObject({
      code: "overloaded",
      limit: "maxVoiceParticipants",
    });
    const mute = await Talker.open(fresh("tiered"), "mute");
    expect((await mute.join()).notice?.error).toMatchObject({ code: "forbidden", reason: "tier" });
    const silent = await Talker.open(fresh("silent"), "ada");
    expect((await silent.join()).notice?.error).toMatchObject({ code: "rejected" });
    const paused = fresh("rooms");
    await call(paused, "pause");
    for (const user of ["ada", "reader"])
      expect((await (await Talker.open(paused, user)).join()).notice?.error.code).toBe("not_writable");
  });

  test("VO2 WS6 frames of the wrong form or length end the connection by name, and so do any where there is no voice", async () => {
    const session = fresh("rooms");
    const refused = async (bytes: Uint8Array, where = session) => {
      const talker = await Talker.open(where, "ada");
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
    expect(await refused(frame(3200), fresh("silent"))).toEqual(["bad_request", undefined, 4400]);
  });

  test("VO5 VO6 VO7 audio from outside, without the right to write, or too fast is dropped, and told once in a row", async () => {
    const session = fresh("rooms");
    const [ada, reader] = [await Talker.joined(session, "ada"), await Talker.joined(session, "reader")];
    const outsider = await Talker.open(session, "eve");
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

    const tiered = fresh("tiered");
    const [fast, listener] = [await Talker.joined(tiered, "ada"), await Talker.joined(tiered, "bob")];
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
    const session = fresh("rooms");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    const slow = await Talker.joined(session, "cy");
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
    const session = fresh("rooms");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    ada.talk();
    await bob.hears(1);
    await server.evict("Rooms", session.split("/")[1] as string);
    ada.talk();
    const [first, second] = await bob.hears(2);
    expect([first?.track, second?.track]).toEqual([1, 1]);
    expect(second?.offsetMs).toBeGreaterThan(first?.offsetMs ?? 0);
    expect((await (await Talker.open(session, "cy")).join()).participants).toHaveLength(3);
    expect((await log(session)).filter(({ type }) => type === "voice.started")).toHaveLength(1);
  });

  test("VO12 who only listens begins no call and writes nothing; the first who may talk does, for those who wait too", async () => {
    const session = fresh("rooms");
    const reader = await Talker.open(session, "reader");
    expect(await reader.join()).toMatchObject({ track: 1, startedAt: null });
    await server.evict("Rooms", session.split("/")[1] as string);
    expect((await log(session)).some(({ type }) => type === "voice.started")).toBe(false);
    const ada = await Talker.joined(session, "ada");
    const { startedAt } = await reader.raw.next("voice");
    const [started] = (await log(session)).filter(({ type }) => type === "voice.started");
    expect(started).toMatchObject({
      actor: { id: "ada" },
      createdAt: new Date(startedAt ?? 0).toISOString(),
    });
    await server.evict("Rooms", session.split("/")[1] as string);
    ada.talk();
    expect((await reader.hears(1))[0]?.track).toBe(2);
  });

  test("VO3 whoever comes and goes all the time is held to the rate of signals", async () => {
    const ada = await Talker.open(fresh("rooms"), "ada");
    for (let n = 0; n < 60; n++) ada.raw.send({ t: "voice", join: n % 2 === 0 });
    expect((await ada.raw.next("error")).error).toMatchObject({ code: "rate_limited", limit: "signalRate" });
  });

  test("VO17 a call ends for all when the session is paused", async () => {
    const session = fresh("rooms");
    const ada = await Talker.joined(session, "ada");
    await call(session, "pause");
    expect(await ada.raw.next("voice")).toMatchObject({ track: null });
  });
});

describe("transcripts", () => {
  test("VO11 VO12 speech becomes partial and final events of the speaker, at its place in the call, through a socket like that of Workers AI", async () => {
    const session = fresh("calls");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    const said = Buffer.concat([ada.talk(), ada.talk(sound(500))]);
    const stream = await services.stream();
    expect(stream.query).toEqual({
      model: "@cf/deepgram/flux",
      encoding: "linear16",
      sample_rate: "16000",
      eot_timeout_ms: "3000",
    });
    await stream.heard(said.byteLength);
    expect(stream.audio.equals(said)).toBe(true);
    for (const odd of ["no json", "[]", { type: "Connected" }, turnInfo("Update", "")]) stream.send(odd);
    stream.turn("StartOfTurn", "Good", 0, 0.1, 0.3);
    const partial = await bob.event("transcript.partial");
    // Sooner than the next partial one is due.
    for (const word of ["Good mor", "Good morn"]) stream.turn("Update", word, 0, 0.1, 0.4);
    stream.turn("EndOfTurn", "Good morning.", 0, 0.1, 0.5);
    const final = await bob.event("transcript.final");
    const [first] = await bob.hears(2);
    expect(partial.actor).toEqual({ id: "ada", name: "Name of ada" });
    expect(partial.payload).toMatchObject({ role: "user", text: "Good" });
    expect(final).toMatchObject({
      actor: { id: "ada", name: "Name of ada" },
      payload: {
        ...(partial.payload as object),
        text: "Good morning.",
        offsetMs: (first?.offsetMs ?? 0) + 100,
        durationMs: 400,
      },
    });
    expect(ada.raw.events().filter(({ type }) => type.startsWith("transcript."))).toHaveLength(2);

    bob.talk();
    const second = await services.stream();
    second.turn("EndOfTurn", "Hello Ada.", 0, 0, 0.1);
    const answer = await ada.event("transcript.final", ({ actor }) => actor?.id === "bob");
    expect((answer.payload as { utteranceId: string }).utteranceId).not.toBe(
      (final.payload as { utteranceId: string }).utteranceId,
    );
    expect(await ada.raw.do({ id: "f1", op: "append", type: "transcript.final", payload: {} })).toMatchObject(
      [{ error: { code: "forbidden", field: "type" } }],
    );
  });

  test("VO13 who falls silent frees the transcriber, its last words are final, and the object can sleep; audio opens another", async () => {
    const session = fresh("brief");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    ada.talk();
    const stream = await services.stream();
    stream.lastWords = turnInfo("Update", "and so", 3);
    stream.turn("Update", "and", 3);
    await stream.closed;
    expect(stream.wasAskedToClose).toBe(true);
    expect((await bob.event("said")).payload).toMatchObject({ text: "and so" });
    expect((await log(session)).some(({ type }) => type === "transcript.partial")).toBe(false);
    await server.evict("Brief", session.split("/")[1] as string);
    ada.talk();
    const again = await services.stream();
    again.turn("EndOfTurn", "on.", 0);
    await bob.event("said", ({ payload }) => (payload as { text: string }).text === "on.");
    await again.closed;
    expect((await log(session)).filter(({ type }) => type === "voice.degraded")).toEqual([]);
  });

  test("VO13 whoever leaves has their open utterance finished", async () => {
    const session = fresh("calls");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    ada.talk();
    const stream = await services.stream();
    stream.turn("Update", "I have to go");
    await bob.event("transcript.partial");
    await ada.close();
    expect((await bob.event("transcript.final")).payload).toMatchObject({ text: "I have to go" });
    await stream.closed;
  });

  test("VO14 a transcriber that is cut or refuses is told once, keeps what it heard, and audio and text go on; the next frame tries again", async () => {
    const session = fresh("calls");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    ada.talk();
    const stream = await services.stream();
    stream.turn("Update", "before the cut");
    await bob.event("transcript.partial");
    services.refuses = true;
    stream.cut();
    expect((await bob.notice("transcription")).notice?.error).toMatchObject({ code: "unavailable" });
    expect((await ada.event("voice.degraded")).payload).toEqual({
      service: "transcription",
      code: "unavailable",
    });
    expect((await ada.event("transcript.final")).payload).toMatchObject({ text: "before the cut" });
    ada.talk();
    await bob.hears(2);
    expect(await ada.raw.do({ id: "m.1.1", op: "append", type: "message", payload: "text" })).toMatchObject([
      { id: "m.1.1" },
    ]);
    await until(async () => {
      const lines: { message: string }[] = await call(session, "operatorLog");
      return lines.filter(({ message }) => message === "The transcriber failed").length >= 2;
    });
    services.refuses = false;
    ada.talk();
    const next = await services.stream();
    next.turn("EndOfTurn", "and after.");
    await ada.event("transcript.final", ({ payload }) => (payload as { text: string }).text === "and after.");
    expect((await log(session)).filter(({ type }) => type === "voice.degraded")).toHaveLength(1);
  });
});

describe("the session's own voice", () => {
  test("VO15 VO16 what it says is written first and then heard, in turn, until it is told to stop; when speech fails the text stands", async () => {
    const session = fresh("calls");
    const ada = await Talker.joined(session, "ada");
    const said = call(session, "say", "Hello there.");
    const { body, response } = await services.speech();
    expect(body).toEqual({
      model: "@cf/deepgram/aura-1",
      options: { returnRawResponse: true },
      text: "Hello there.",
      speaker: "luna",
      encoding: "linear16",
      container: "none",
      sample_rate: 16_000,
    });
    expect(await ada.event("transcript.final")).toMatchObject({
      actor: null,
      payload: { role: "assistant", text: "Hello there.", durationMs: null },
    });
    const speech = sound(450);
    response.write(speech.subarray(0, 3001));
    response.end(speech.subarray(3001));
    expect(await said).toBe(true);
    const heard = await ada.hears(3);
    expect(heard.map(({ track, sequence }) => [track, sequence])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    const joined = Buffer.concat(heard.map(({ pcm }) => pcm));
    expect(joined.subarray(0, speech.byteLength).equals(Buffer.from(speech))).toBe(true);
    expect(joined.subarray(speech.byteLength).every((byte) => byte === 0)).toBe(true);

    const long = call(session, "say", "A long story.");
    (await services.speech()).response.write(sound(200));
    await ada.hears(4);
    const waiting = call(session, "say", "And another.");
    await ada.event(
      "transcript.final",
      ({ payload }) => (payload as { text: string }).text === "And another.",
    );
    await call(session, "hush");
    expect([await long, await waiting]).toEqual([false, false]);
    expect(ada.audio).toHaveLength(4);

    const failing = call(session, "say", "You cannot hear this.");
    (await services.speech()).response.writeHead(500).end();
    expect(await failing).toBe(false);
    expect((await ada.notice("speech")).notice?.error.code).toBe("unavailable");
    expect((await ada.event("voice.degraded")).payload).toMatchObject({ service: "speech" });
    const texts = (await log(session)).filter(({ type }) => type === "transcript.final");
    expect(texts.map(({ payload }) => (payload as { text: string }).text)).toContain("You cannot hear this.");
  });

  test("VO15 nobody in the call: the text is written, and nothing is synthesized; inside a commit it says nothing", async () => {
    const session = fresh("calls");
    expect(await call(session, "say", "Anybody?")).toBe(false);
    await call(session, "sayInCommit");
    const written = (await log(session)).filter(({ type }) => type === "transcript.final");
    expect(written.map(({ payload }) => payload)).toMatchObject([{ text: "Anybody?", offsetMs: null }]);
    expect((await ask("POST", `${fresh("silent")}/call/say`, ["x"])).body).toMatchObject({
      code: "rejected",
    });
  });
});

describe("what is kept", () => {
  test("VO10 audio is in no file of the server, in no form; what was understood of it is", async () => {
    const session = fresh("calls");
    const [ada, bob] = [await Talker.joined(session, "ada"), await Talker.joined(session, "bob")];
    const pieces = [ada.talk(sound(500)), ada.talk(sound(500))];
    const stream = await services.stream();
    await stream.heard(32_000);
    stream.turn("EndOfTurn", "findable-transcript-7341");
    await bob.event("transcript.final");
    stream.cut();
    await bob.event("voice.degraded");
    const needles = pieces.flatMap((pcm) => {
      const cut = Buffer.from(pcm.subarray(600, 660));
      const base64 = [0, 1, 2].map((at) => cut.subarray(at).toString("base64").slice(2, 60));
      return [cut, ...[cut.toString("hex"), cut.join(","), ...base64].map((text) => Buffer.from(text))];
    });
    const files = () =>
      globSync(join(folder.path, "**"))
        .filter((path) => /\.(sqlite|sqlite-wal)$/.test(path))
        .map((path) => readFileSync(path));
    const holds = (needle: Buffer | string) => files().filter((file) => file.includes(needle)).length;
    // In the object's own database, and once it was mirrored in D1.
    await until(() => holds("findable-transcript-7341") >= 2);
    expect(holds("The transcriber failed")).toBeGreaterThan(0);
    expect(needles.map((needle) => holds(needle))).toEqual(needles.map(() => 0));
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
      url: server.url,
      kind,
      name,
      WebSocket: Socket as unknown as SocketConstructor,
      ...options,
    });
    opened.push(made);
    return made;
  };

  test("VO18 clients talk to each other in pieces of any length, and go on after the server was away", async () => {
    const session = fresh("rooms");
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

    process.kill(server.runtimePid as number, "SIGKILL");
    await until(() => ada.voice.call.track === null);
    await until(() => ada.voice.call.participants.length === 2 && bob.voice.call.participants.length === 2);
    ada.voice.send(new Int16Array(3200));
    await until(() => heard.length === 3);
    expect(heard[2]?.from?.actor.id).toBe("ada");
    bob.voice.leave();
    await until(() => ada.voice.call.participants.length === 1);
    expect(bob.voice.call.track).toBeNull();
  });

  test("VO4 VO6 VO18 a refusal rejects the join, a dropped frame is a notice, and over HTTP there is no voice", async () => {
    const session = fresh("rooms");
    await expect(client(fresh("silent"), "ada").voice.join()).rejects.toMatchObject({ code: "rejected" });
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
