import { expect, test, vi } from "vitest";
import { type Json, SessileError, type StreamChunk } from "../protocol/index.ts";
import { FollowedStream } from "./followed-stream.ts";

/** A stream that gives what it is told to. */
function scripted() {
  const given: { chunk?: StreamChunk; end?: Json; error?: SessileError }[] = [];
  let wake = () => {};
  let resync = () => {};
  async function* open(signal: AbortSignal, onResync: () => void) {
    resync = onResync;
    for (;;) {
      const next = given.shift();
      if (next?.error) throw next.error;
      if (next?.end !== undefined) return next.end;
      if (next?.chunk !== undefined) yield next.chunk;
      else if (signal.aborted) return null;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const give = (...next: typeof given) => {
    given.push(...next);
    wake();
  };
  return { stream: new FollowedStream(open), give, resync: () => resync() };
}

test("SM45 a followed stream keeps what came, the same object until more comes, and its output", async () => {
  const { stream, give } = scripted();
  const heard = vi.fn();
  stream.subscribe(heard);
  expect(stream.getSnapshot()).toMatchObject({ status: "reading", chunks: [], text: "" });
  give({ chunk: "Hello" }, { chunk: " world" });
  await expect.poll(() => stream.getSnapshot().text).toBe("Hello world");
  expect(stream.getSnapshot()).toBe(stream.getSnapshot());
  give({ end: { reason: "stop" } });
  await expect.poll(() => stream.getSnapshot().status).toBe("ended");
  expect(stream.getSnapshot()).toMatchObject({ output: { reason: "stop" }, chunks: ["Hello", " world"] });
  expect(heard).toHaveBeenCalledTimes(3);
});

test("SM45 a failed stream keeps its chunks and error, and what is withdrawn leaves at once", async () => {
  const { stream, give, resync } = scripted();
  const shown: string[] = [];
  stream.subscribe(() => shown.push(stream.getSnapshot().text));
  give({ chunk: "a" });
  await expect.poll(() => shown).toEqual(["a"]);
  resync();
  expect(shown).toEqual(["a", ""]);
  give({ chunk: "b" }, { error: new SessileError("internal", "No voice.") });
  await expect.poll(() => stream.getSnapshot().status).toBe("failed");
  expect(stream.getSnapshot()).toMatchObject({ chunks: ["b"], error: { message: "No voice." } });
});

test("SM45 nobody listening, nothing is read; whoever comes back reads from the start", async () => {
  const { stream, give } = scripted();
  const stop = stream.subscribe(() => {});
  give({ chunk: "a" });
  await expect.poll(() => stream.getSnapshot().text).toBe("a");
  stop();
  stream.subscribe(() => {});
  expect(stream.getSnapshot().chunks).toEqual([]);
});
