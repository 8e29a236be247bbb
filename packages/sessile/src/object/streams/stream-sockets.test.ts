import { expect, test } from "vitest";
import type { StreamFrame, StreamInfo } from "../../protocol/stream.ts";
import type { StreamBatch } from "./stream-reads.ts";
import { StreamSockets } from "./stream-sockets.ts";

function socketsOver(info: StreamInfo) {
  const reads: ((batch: StreamBatch) => void)[] = [];
  const sockets = new StreamSockets({
    context: { getWebSockets: () => [], acceptWebSocket: () => {} } as never,
    shown: { info: () => info, read: () => new Promise((resolve) => reads.push(resolve)) },
    limits: { maxStreamReaders: 10, maxStreamBufferedBytes: 1_000_000 },
    clock: { now: () => 0, wait: () => new Promise(() => {}) },
  });
  const frames: StreamFrame[] = [];
  const socket = {
    send: (text: string) => frames.push(JSON.parse(text) as StreamFrame),
    close: () => {},
    serializeAttachment: () => {},
  } as unknown as WebSocket;
  sockets.admit(socket, info, { actor: null, isRelay: false, query: new URLSearchParams() });
  return { sockets, reads, frames };
}

test("SM52 DU21 the last chunks there are make their reader live, also when it took several turns to find them", async () => {
  const info = { streamId: "s", status: "active", start: 0, tail: 1, generation: 1 } as StreamInfo;
  const { sockets, reads, frames } = socketsOver(info);
  reads[0]?.({ pages: [{ at: 0, to: 1, chunks: ["last"] }], next: 1, more: false });
  await expect.poll(() => reads.length).toBe(2);
  reads[1]?.({ pages: [], next: 1, more: false });
  await expect.poll(() => frames.at(-1)).toEqual({ t: "chunks", at: 0, to: 1, chunks: ["last"] });
  expect(sockets.size).toBe(1);
});

test("SM25 what was read before chunks were withdrawn is not sent after the reader was told", async () => {
  const info = { streamId: "s", status: "active", start: 0, tail: 2, generation: 1 } as StreamInfo;
  const { sockets, reads, frames } = socketsOver(info);
  sockets.changed("s", { ...info, tail: 3, generation: 2 }, true);
  const batchOf = (chunk: string): StreamBatch => ({
    pages: [{ at: 0, to: 1, chunks: [chunk] }],
    next: 1,
    more: true,
  });
  for (const [index, chunk] of ["withdrawn", "new"].entries()) reads[index]?.(batchOf(chunk));
  await expect.poll(() => frames.at(-1)).toMatchObject({ t: "chunks", chunks: ["new"] });
  expect(frames).toMatchObject([
    { t: "stream" },
    { t: "resync", offset: 0 },
    { t: "chunks", chunks: ["new"] },
  ]);
});
