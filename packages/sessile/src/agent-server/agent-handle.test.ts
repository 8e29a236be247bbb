import { expect, test } from "vitest";
import type { RunInfo, StreamManager, StreamReader } from "../protocol/index.ts";
import { AgentHandle } from "./agent-handle.ts";
import type { AgentRuntime } from "./agent-runtime.ts";

test("AX8 a wait that ends before its reader is there ends all the same", async () => {
  const [asked, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const cancelled = Promise.withResolvers<void>();
  const reader = {
    cancel: () => cancelled.resolve(),
    // biome-ignore lint/correctness/useYield: a stream in which nothing comes
    async *[Symbol.asyncIterator]() {
      await cancelled.promise;
    },
  } as unknown as StreamReader;
  const streams: Pick<StreamManager, "getInfo" | "createReader"> = {
    getInfo: async () => null,
    createReader: async () => {
      asked.resolve();
      await opened.promise;
      return reader;
    },
  };
  const find = async () => ({ runId: "r", status: "running" }) as RunInfo;
  const handle = new AgentHandle({ find, streams: () => streams } as unknown as AgentRuntime, "s", "r");
  const waited = new AbortController();
  const settled = handle.settled(waited.signal);
  await asked.promise;
  waited.abort();
  opened.resolve();
  expect(await settled).toMatchObject({ status: "running" });
});
