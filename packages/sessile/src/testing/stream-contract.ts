import type { StreamChunk } from "../protocol/stream-chunk.ts";
import type { StreamManager, StreamReader } from "../protocol/stream-manager.ts";

/** One promise of `StreamManager`, in steps between which the objects behind it may be evicted. A step throws when it is broken. */
export interface StreamCase {
  readonly title: string;
  readonly steps: readonly ((streams: StreamManager, id: string) => Promise<void>)[];
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`Broken: ${what}: ${a}, expected ${b}`);
}

async function refused(body: () => Promise<unknown>, code: string, what: string): Promise<void> {
  const thrown = await body().then(
    () => null,
    (reason: unknown) => reason as { readonly code?: string },
  );
  equal(thrown?.code ?? "nothing was thrown", code, what);
}

async function readerOf(streams: StreamManager, id: string, offset = 0): Promise<StreamReader> {
  const reader = await streams.createReader(id, { offset });
  if (!reader) throw new Error(`Broken: there is no reader of ${id}`);
  return reader;
}

/** Reads until the stream ends, or until there are so many. */
async function take(reader: StreamReader, count = Number.POSITIVE_INFINITY): Promise<StreamChunk[]> {
  const chunks: StreamChunk[] = [];
  for await (const chunk of reader) {
    chunks.push(chunk);
    if (chunks.length === count) break;
  }
  return chunks;
}

/** Every implementation of `StreamManager` passes these, each with an id nobody has used. */
export const streamContract: readonly StreamCase[] = [
  {
    title:
      "SM20 a reader gets every chunk, one by one, those there are and those to come, and ends with the stream",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        const answers = await Promise.all(["a", "b", "c"].map((chunk) => writer.append(chunk)));
        equal(
          answers.map(({ at }) => at),
          [0, 1, 2],
          "their offsets",
        );
        const reading = take(await readerOf(streams, id));
        await writer.append("d");
        await writer.append("e");
        await writer.end();
        equal(await reading, ["a", "b", "c", "d", "e"], "the chunks");
      },
      async (streams, id) => equal(await take(await readerOf(streams, id, 3)), ["d", "e"], "from an offset"),
    ],
  },
  {
    title: "SM21 there is no reader and no info of a stream that is not there",
    steps: [
      async (streams, id) => {
        equal(await streams.createReader(id), null, "the reader");
        equal(await streams.getInfo(id), null, "the info");
        await refused(() => streams.endStream(id), "not_found", "ending it");
      },
    ],
  },
  {
    title: "SM22 the output of an ended stream is kept, and it takes no more",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id, { meta: { agent: "a" } });
        await writer.append("x");
        await streams.endStream(id, { answer: 42 });
      },
      async (streams, id) => {
        const info = await streams.getInfo(id);
        equal(
          [info?.status, info?.output, info?.chunks, info?.meta],
          ["ended", { answer: 42 }, 1, { agent: "a" }],
          "the info",
        );
        const writer = await streams.createWriter(id);
        await refused(() => writer.append("y"), "not_writable", "appending");
      },
    ],
  },
  {
    title:
      "SM23 a failed stream is read to its last chunk, and then throws its error, also to those who come later",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        const reading = readerOf(streams, id).then(async (reader) => {
          const seen: StreamChunk[] = [];
          const thrown = await (async () => {
            for await (const chunk of reader) seen.push(chunk);
          })().catch((reason: Error) => reason.message);
          return [seen, thrown];
        });
        await writer.append("half");
        await writer.fail(new Error("The model is away."));
        equal(await reading, [["half"], "The model is away."], "what a live reader got");
      },
      async (streams, id) => {
        const reader = await readerOf(streams, id);
        await refused(() => take(reader), "internal", "a later reader");
        equal(reader.offset, 1, "its offset");
      },
    ],
  },
  {
    title: "SM24 closing a writer does not end the stream; another goes on, also after an eviction",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        void writer.append("a");
        await writer.close();
        equal((await streams.getInfo(id))?.chunks, 1, "the chunks after the close");
      },
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        await writer.append("b");
        await writer.end();
        equal(await take(await readerOf(streams, id)), ["a", "b"], "the chunks");
      },
    ],
  },
  {
    title: "SM25 cleaning up to a step and resetting withdraw chunks; a reader is told and starts over",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        for (const step of [1, 2, 3]) await writer.append(`s${step}`, { step });
        equal(await streams.cleanupToStep(id, 1), 2, "the chunks withdrawn");
        equal(await take(await readerOf(streams, id), 1), ["s1"], "what is left");
      },
      async (streams, id) => {
        const seen: StreamChunk[] = [];
        const reader = await streams.createReader(id, { onResync: () => seen.push("resync") });
        const alarmed = await readerOf(streams, id, 5);
        const reading = (async () => {
          for await (const chunk of reader ?? []) seen.push(chunk);
        })();
        const warned = refused(() => take(alarmed), "conflict", "a reader that does not want to start over");
        while (seen.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
        await streams.resetStream(id);
        await warned;
        const writer = await streams.createWriter(id);
        await writer.append("again");
        await writer.end();
        await reading;
        equal(seen, ["s1", "resync", "again"], "what the reader saw");
      },
    ],
  },
  {
    title: "SM26 JSON messages and bytes come back as they went in, and a letter cut in two comes whole",
    steps: [
      async (streams, id) => {
        const letter = new TextEncoder().encode("ä€😀");
        const text = await streams.createWriter(`${id}-text`);
        for (const byte of letter) await text.append(Uint8Array.of(byte));
        await text.end();
        const json = await streams.createWriter(`${id}-json`, { contentType: "application/json" });
        await Promise.all(
          [{ a: [1, null] }, "text", 7, { base64: "no" }].map((message) => json.append(message)),
        );
        await json.end();
        const bytes = await streams.createWriter(`${id}-bytes`, { contentType: "application/octet-stream" });
        await bytes.append(new Uint8Array([0, 255, 128]));
        await bytes.append("ok");
        await bytes.end();
      },
      async (streams, id) => {
        equal((await take(await readerOf(streams, `${id}-text`))).join(""), "ä€😀", "the text");
        equal(
          await take(await readerOf(streams, `${id}-json`)),
          [{ a: [1, null] }, "text", 7, { base64: "no" }],
          "the messages",
        );
        const bytes = await take(await readerOf(streams, `${id}-bytes`));
        equal(
          bytes.map((chunk) => [...(chunk as Uint8Array)]),
          [
            [0, 255, 128],
            [111, 107],
          ],
          "the bytes",
        );
      },
    ],
  },
  {
    title: "SM27 a producer's repeat is recognised, and one whose epoch is over is fenced",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        const by = (epoch: number, seq: number) => ({ producer: { id: "p", epoch, seq } });
        await writer.append("a", by(0, 0));
        equal((await writer.append("a", by(0, 0))).repeated, true, "the repeat");
        await writer.append("b", by(1, 0));
        await refused(() => writer.append("late", by(0, 1)), "fenced", "the older epoch");
      },
      async (streams, id) => equal(await take(await readerOf(streams, id), 2), ["a", "b"], "the chunks"),
    ],
  },
  {
    title: "SM28 a paused stream takes nothing until it is resumed; a deleted one is gone",
    steps: [
      async (streams, id) => {
        const writer = await streams.createWriter(id);
        await writer.pause();
        await refused(() => writer.append("x"), "not_writable", "appending");
        await writer.resume();
        await writer.append("x");
        equal(await streams.deleteStream(id), true, "deleting");
        equal(await streams.createReader(id), null, "the reader");
      },
    ],
  },
];
