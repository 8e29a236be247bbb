import { expect, test } from "vitest";
import type { Transcript, Transcription, TranscriptionListener } from "../../protocol/voice.ts";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { hostClock } from "../../testing/host-clock.ts";
import { ada } from "../../testing/kernel-fixture.ts";
import { TranscriptStream } from "./transcript-stream.ts";

const piece = (ms: number, value = 1) => new Uint8Array(ms * 32).fill(value);

function scripted(open?: () => Promise<Transcription>) {
  const clock = new FakeClock();
  const state = {
    closed: 0,
    written: 0,
    failures: [] as unknown[],
    transcripts: [] as (Transcript & { isFinal: boolean })[],
  };
  let listener!: TranscriptionListener;
  const transcription: Transcription = {
    write: (pcm) => {
      state.written += pcm.byteLength;
    },
    close: () => {
      state.closed += 1;
    },
  };
  const stream = new TranscriptStream({
    transcriber: {
      open: (given) => {
        listener = given;
        return open ? open() : transcription;
      },
    },
    speaker: ada,
    clock: hostClock(clock),
    timing: { partialMs: 500, quietMs: 5000, timeoutMs: 10_000, retryMs: 0 },
    write: (transcript, isFinal) => state.transcripts.push({ ...transcript, isFinal }),
    failed: (reason) => state.failures.push(reason),
  });
  const heard = (text: string, utterance = 0, startMs = 0, endMs = 100) => ({
    utterance,
    text,
    startMs,
    endMs,
  });
  return { clock, state, stream, transcription, heard, listener: () => listener };
}

test("VO12 what a transcriber hears is placed in the call, the speaker's pauses included", async () => {
  const { stream, state, heard, listener } = scripted();
  stream.write(piece(200), 1000);
  stream.write(piece(100), 1200);
  await settled();
  stream.write(piece(500), 61_300);
  stream.write(piece(500), 61_800);
  listener().onFinal(heard("first", 0, 50, 250));
  listener().onFinal(heard("across", 1, 250, 400));
  listener().onFinal(heard("second", 2, 900, 1200));
  expect(state.transcripts.map(({ offsetMs, durationMs }) => [offsetMs, durationMs])).toEqual([
    [1050, 200],
    [1250, 60_150],
    [61_900, 300],
  ]);
});

test("VO11 partial transcripts come no faster than they may, never repeat one, and are not held back by nothing understood", async () => {
  const { stream, state, heard, listener, clock } = scripted();
  stream.write(piece(200), 0);
  await settled();
  const say = (text: string) => listener().onPartial(heard(text));
  for (const text of ["", "a", "ab"]) say(text);
  clock.advance(499);
  say("abc");
  clock.advance(1);
  say("abc");
  say("abcd");
  clock.advance(500);
  say("abcd e");
  listener().onFinal(heard("Abcd e."));
  expect(state.transcripts.map(({ text, isFinal }) => [text, isFinal])).toEqual([
    ["a", false],
    ["abcd", false],
    ["abcd e", false],
    ["Abcd e.", true],
  ]);
  expect(new Set(state.transcripts.map(({ utteranceId }) => utteranceId)).size).toBe(1);
});

test("VO11 a clock that is set back holds partial transcripts up for no longer than usual", async () => {
  const { stream, state, heard, listener, clock } = scripted();
  stream.write(piece(200), 0);
  await settled();
  listener().onPartial(heard("a"));
  clock.advance(-3_600_000);
  listener().onPartial(heard("ab"));
  clock.advance(500);
  listener().onPartial(heard("abc"));
  expect(state.transcripts.map(({ text }) => text)).toEqual(["a", "abc"]);
});

test("VO13 closing makes final what is open, once, and hears nothing after", async () => {
  const { stream, state, heard, listener } = scripted();
  stream.write(piece(200), 0);
  await settled();
  listener().onPartial(heard("so"));
  listener().onPartial(heard("so far"));
  await stream.close();
  listener().onFinal(heard("so far."));
  listener().onFailure(new Error("late"));
  expect(state.transcripts.map(({ text, isFinal }) => [text, isFinal])).toEqual([
    ["so", false],
    ["so far", true],
  ]);
  expect([state.closed, state.failures]).toEqual([1, []]);
});

test("VO13 a stream that is abandoned writes nothing more, and closes its transcriber, also one that opens later", async () => {
  const { stream, state, heard, listener } = scripted();
  stream.write(piece(200), 0);
  await settled();
  listener().onPartial(heard("so"));
  stream.abandon();
  listener().onFinal(heard("so far."));
  expect([state.transcripts.length, state.closed, state.failures]).toEqual([1, 1, []]);

  let opened!: (transcription: Transcription) => void;
  const later = new Promise<Transcription>((resolve) => {
    opened = resolve;
  });
  const early = scripted(() => later);
  early.stream.abandon();
  opened(early.transcription);
  await settled();
  expect([early.state.closed, early.state.failures]).toEqual([1, []]);
});

test("VO14 a transcriber that does not open in time has failed, and one that opens after all is closed; audio that waits is bounded", async () => {
  let opened!: (transcription: Transcription) => void;
  const slow = new Promise<Transcription>((resolve) => {
    opened = resolve;
  });
  const { stream, state, clock, transcription } = scripted(() => slow);
  for (let n = 0; n < 40; n++) stream.write(piece(500), n * 500);
  await clock.advanceAsync(9999);
  expect(state.failures).toEqual([]);
  await clock.advanceAsync(1);
  expect(state.failures).toMatchObject([{ code: "unavailable" }]);
  opened(transcription);
  await settled();
  expect([state.closed, state.written]).toEqual([1, 0]);

  let openLate!: (transcription: Transcription) => void;
  const later = new Promise<Transcription>((resolve) => {
    openLate = resolve;
  });
  const late = scripted(() => later);
  for (let n = 0; n < 40; n++) late.stream.write(piece(500), n * 500);
  openLate(late.transcription);
  await settled();
  expect(late.state.written).toBe(5000 * 32);
  late.listener().onFinal(late.heard("newest", 0, 0, 100));
  expect(late.state.transcripts[0]?.offsetMs).toBe(15_000);
});

test("VO14 whatever a transcriber throws is a failure of its own, told once", async () => {
  const refusing = scripted(() => Promise.reject(new Error("no")));
  refusing.stream.write(piece(200), 0);
  await settled();
  expect(refusing.state.failures).toHaveLength(1);

  const broken = scripted();
  broken.stream.write(piece(200), 0);
  await settled();
  broken.transcription.write = () => {
    throw new Error("socket is gone");
  };
  broken.stream.write(piece(200), 200);
  broken.stream.write(piece(200), 400);
  expect(broken.state.failures).toHaveLength(1);
});
