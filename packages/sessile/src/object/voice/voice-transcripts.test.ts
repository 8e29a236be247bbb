import { expect, test } from "vitest";
import type { Transcriber } from "../../protocol/voice.ts";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { hostClock } from "../../testing/host-clock.ts";
import { ada } from "../../testing/kernel-fixture.ts";
import { VoiceTranscripts } from "./voice-transcripts.ts";

/** One speaker, and how often a transcriber was opened, closed and failed. */
function speaker(open: Transcriber["open"]) {
  const clock = new FakeClock();
  const setBack = { ms: 0 };
  const state = { opened: 0, failures: 0 };
  const transcripts = new VoiceTranscripts({
    transcriber: {
      open: (listener) => {
        state.opened += 1;
        return open(listener);
      },
    },
    clock: hostClock(clock, setBack),
    timing: { partialMs: 500, quietMs: 5000, timeoutMs: 10_000, retryMs: 10_000 },
    write: () => {},
    failed: () => {
      state.failures += 1;
    },
  });
  const socket = {} as WebSocket;
  const talk = async () => {
    transcripts.hear(socket, ada, new Uint8Array(3200), 0);
    await settled();
  };
  return { clock, setBack, state, talk };
}

test("VO14 a transcriber that fails while it opens is tried again as audio goes on, also by a clock that was set back", async () => {
  const { clock, setBack, state, talk } = speaker((listener) => {
    listener.onFailure(new Error("no"));
    return { write: () => {}, close: () => {} };
  });
  for (const opened of [1, 1, 1, 2]) {
    await talk();
    expect(state).toEqual({ opened, failures: opened });
    await clock.advanceAsync(4000);
  }
  setBack.ms = 3_600_000;
  await talk();
  await clock.advanceAsync(10_000);
  await talk();
  expect(state).toEqual({ opened: 3, failures: 3 });
});

test("VO13 one that hears nothing is closed, also by a clock that was set back", async () => {
  let closed = 0;
  const { clock, setBack, talk } = speaker(() => ({
    write: () => {},
    close: () => {
      closed += 1;
    },
  }));
  await talk();
  await clock.advanceAsync(2000);
  setBack.ms = 3_600_000;
  await clock.advanceAsync(10_000);
  expect(closed).toBe(1);
});
