import { expect, onTestFinished, test, vi } from "vitest";
import { ada } from "../testing/kernel-fixture.ts";
import { workersAiTranscriber } from "./workers-ai-transcriber.ts";

class ModelSocket extends EventTarget {
  readonly sent: unknown[] = [];
  readonly closes: number[] = [];

  accept(): void {}

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(code: number): void {
    this.closes.push(code);
  }
}

test("VO13 a transcriber that does not close when it is asked to is closed", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const socket = new ModelSocket();
  const failures: unknown[] = [];
  const transcription = await workersAiTranscriber({ run: async () => ({ webSocket: socket }) }).open({
    speaker: ada,
    onPartial: () => {},
    onFinal: () => {},
    onFailure: (reason) => failures.push(reason),
  });
  const closed = transcription.close();
  await vi.advanceTimersByTimeAsync(2999);
  expect([socket.sent, socket.closes]).toEqual([['{"type":"CloseStream"}'], []]);
  await vi.advanceTimersByTimeAsync(1);
  await closed;
  expect([socket.closes, failures]).toEqual([[1000], []]);
});
