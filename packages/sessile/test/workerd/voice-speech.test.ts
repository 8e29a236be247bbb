import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { sound } from "./talker.ts";
import { VoiceScene } from "./voice-scene.ts";
import { turnInfo } from "./voice-services.ts";

let scene: VoiceScene;
beforeAll(async () => {
  scene = await VoiceScene.start();
});
afterAll(() => scene?.stop());

describe("transcripts", () => {
  test("VO11 VO12 speech becomes partial and final events of the speaker, at its place in the call, through a socket like that of Workers AI", async () => {
    const session = scene.fresh("calls");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    const said = Buffer.concat([ada.talk(), ada.talk(sound(500))]);
    const stream = await scene.services.stream();
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
    const second = await scene.services.stream();
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
    const session = scene.fresh("brief");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    ada.talk();
    const stream = await scene.services.stream();
    stream.lastWords = turnInfo("Update", "and so", 3);
    stream.turn("Update", "and", 3);
    await stream.closed;
    expect(stream.wasAskedToClose).toBe(true);
    expect((await bob.event("said")).payload).toMatchObject({ text: "and so" });
    expect((await scene.log(session)).some(({ type }) => type === "transcript.partial")).toBe(false);
    await scene.evict("Brief", session);
    ada.talk();
    const again = await scene.services.stream();
    again.turn("EndOfTurn", "on.", 0);
    await bob.event("said", ({ payload }) => (payload as { text: string }).text === "on.");
    await again.closed;
    expect((await scene.log(session)).filter(({ type }) => type === "voice.degraded")).toEqual([]);
  });

  test("VO13 whoever leaves has their open utterance finished", async () => {
    const session = scene.fresh("calls");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    ada.talk();
    const stream = await scene.services.stream();
    stream.turn("Update", "I have to go");
    await bob.event("transcript.partial");
    await ada.close();
    expect((await bob.event("transcript.final")).payload).toMatchObject({ text: "I have to go" });
    await stream.closed;
  });

  test("VO14 a transcriber that is cut or refuses is told once, keeps what it heard, and audio and text go on; the next frame tries again", async () => {
    const session = scene.fresh("calls");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    ada.talk();
    const stream = await scene.services.stream();
    stream.turn("Update", "before the cut");
    await bob.event("transcript.partial");
    scene.services.refuses = true;
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
      const lines: { message: string }[] = await scene.call(session, "operatorLog");
      return lines.filter(({ message }) => message === "The transcriber failed").length >= 2;
    });
    scene.services.refuses = false;
    ada.talk();
    const next = await scene.services.stream();
    next.turn("EndOfTurn", "and after.");
    await ada.event("transcript.final", ({ payload }) => (payload as { text: string }).text === "and after.");
    expect((await scene.log(session)).filter(({ type }) => type === "voice.degraded")).toHaveLength(1);
  });
});

describe("the session's own voice", () => {
  test("VO15 VO16 what it says is written first and then heard, in turn, until it is told to stop; when speech fails the text stands", async () => {
    const session = scene.fresh("calls");
    const ada = await scene.joined(session, "ada");
    const said = scene.call(session, "say", "Hello there.");
    const { body, response } = await scene.services.speech();
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

    const long = scene.call(session, "say", "A long story.");
    (await scene.services.speech()).response.write(sound(200));
    await ada.hears(4);
    const waiting = scene.call(session, "say", "And another.");
    await ada.event(
      "transcript.final",
      ({ payload }) => (payload as { text: string }).text === "And another.",
    );
    await scene.call(session, "hush");
    expect([await long, await waiting]).toEqual([false, false]);
    expect(ada.audio).toHaveLength(4);

    const failing = scene.call(session, "say", "You cannot hear this.");
    (await scene.services.speech()).response.writeHead(500).end();
    expect(await failing).toBe(false);
    expect((await ada.notice("speech")).notice?.error.code).toBe("unavailable");
    expect((await ada.event("voice.degraded")).payload).toMatchObject({ service: "speech" });
    const texts = (await scene.log(session)).filter(({ type }) => type === "transcript.final");
    expect(texts.map(({ payload }) => (payload as { text: string }).text)).toContain("You cannot hear this.");
  });

  test("VO15 nobody in the call: the text is written, and nothing is synthesized; inside a commit it says nothing", async () => {
    const session = scene.fresh("calls");
    expect(await scene.call(session, "say", "Anybody?")).toBe(false);
    await scene.call(session, "sayInCommit");
    const written = (await scene.log(session)).filter(({ type }) => type === "transcript.final");
    expect(written.map(({ payload }) => payload)).toMatchObject([{ text: "Anybody?", offsetMs: null }]);
    expect((await scene.ask("POST", `${scene.fresh("silent")}/call/say`, ["x"])).body).toMatchObject({
      code: "rejected",
    });
  });
});

describe("what is kept", () => {
  test("VO10 audio is in no file of the server, in no form; what was understood of it is", async () => {
    const session = scene.fresh("calls");
    const [ada, bob] = [await scene.joined(session, "ada"), await scene.joined(session, "bob")];
    const pieces = [ada.talk(sound(500)), ada.talk(sound(500))];
    const stream = await scene.services.stream();
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
      globSync(join(scene.folder, "**"))
        .filter((path) => /\.(sqlite|sqlite-wal)$/.test(path))
        .map((path) => readFileSync(path));
    const holds = (needle: Buffer | string) => files().filter((file) => file.includes(needle)).length;
    // In the object's own database, and once it was mirrored in D1.
    await until(() => holds("findable-transcript-7341") >= 2);
    expect(holds("The transcriber failed")).toBeGreaterThan(0);
    expect(needles.map((needle) => holds(needle))).toEqual(needles.map(() => 0));
  });
});
