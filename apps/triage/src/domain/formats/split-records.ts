import { RecordSplitter, type SplitOptions, type SplitRecord } from "./record-splitter.ts";

export type ByteSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Records of a byte stream, in order, holding at most one record and one chunk. */
export async function* splitRecords(
  source: ByteSource,
  options: SplitOptions = {},
): AsyncGenerator<SplitRecord, void, undefined> {
  const splitter = new RecordSplitter(options);
  for await (const chunk of chunksOf(source)) yield* splitter.push(chunk);
  yield* splitter.end();
}

/** A reader instead of `for await` over the stream: Safari's ReadableStream is not async iterable. */
async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (!("getReader" in source)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Tells the sender to stop when the consumer leaves early; after the end it does nothing.
    await reader.cancel().catch(() => undefined);
  }
}
