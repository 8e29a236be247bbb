import { expect, test } from "vitest";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { hostClock } from "../../testing/host-clock.ts";
import { VoiceSpeech } from "./voice-speech.ts";

const piece = (ms: number) => new Uint8Array(ms * 32).fill(1);

function speaking(synthesize: (text: string) => AsyncIterable<Uint8Array>) {
  const clock = new FakeClock();
  const setBack = { ms: 0 };
  const state = { sent: 0, failures: [] as unknown[], worked: 0, isHeard: true, asked: [] as string[] };
  const speech = new VoiceSpeech({
    synthesizer: {
      synthesize: (text) => {
        state.asked.push(text);
        return synthesize(text);
      },
    },
    clock: hostClock(clock, setBack),
    timing: { partialMs: 500, quietMs: 5000, timeoutMs: 10_000, retryMs: 0 },
    isHeard: () => state.isHeard,
    send: () => {
      state.sent += 1;
    },
    failed: (reason) => state.failures.push(reason),
    worked: () => {
      state.worked += 1;
    },
  });
  return { clock, setBack, state, speech };
}

async function* long(): AsyncGenerator<Uint8Array> {
  yield piece(10_000);
}

test("VO15 speech is sent a second ahead and then as fast as it is heard, one text after the other", async () => {
  const { clock, state, speech } = speaking(long);
  const [first, second] = [speech.say("one"), speech.say("two")];
  await settled();
  expect(state.sent).toBe(6);
  await clock.advanceAsync(2000);
  expect(state.sent).toBe(16);
  expect(state.asked).toEqual(["one"]);
  await clock.advanceAsync(60_000);
  expect([await first, await second, state.sent, state.worked]).toEqual([true, true, 100, 2]);
});

test("VO15 a clock that is set back does not silence it", async () => {
  const { clock, setBack, state, speech } = speaking(long);
  const said = speech.say("one");
  await clock.advanceAsync(1000);
  setBack.ms = 3_600_000;
  await clock.advanceAsync(10_000);
  expect([await said, state.sent]).toEqual([true, 50]);
});

test("VO15 it stops when told to, and when nobody is left to hear it; what waits is not said, what comes later is", async () => {
  const { clock, state, speech } = speaking(long);
  const [first, second] = [speech.say("one"), speech.say("two")];
  await settled();
  speech.stop();
  expect([await first, await second, state.sent]).toEqual([false, false, 6]);
  const third = speech.say("three");
  await settled();
  state.isHeard = false;
  await clock.advanceAsync(1000);
  expect(await third).toBe(false);
  expect([state.asked, state.failures]).toEqual([["one", "three"], []]);
});

test("VO16 a synthesizer that hangs, throws or gives nothing has failed, and the next text is tried", async () => {
  const hanging = speaking(() => ({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
  }));
  const hung = hanging.speech.say("one");
  await hanging.clock.advanceAsync(10_000);
  expect(await hung).toBe(false);
  expect(hanging.state.failures).toMatchObject([{ code: "unavailable" }]);

  let times = 0;
  // biome-ignore lint/correctness/useYield: it throws before it could, or has nothing to give
  const flaky = speaking(async function* (): AsyncGenerator<Uint8Array> {
    times += 1;
    if (times === 1) throw new Error("no");
  });
  expect([await flaky.speech.say("one"), await flaky.speech.say("two")]).toEqual([false, false]);
  expect(flaky.state.failures).toMatchObject([{ message: "no" }, { code: "unavailable" }]);
});
