import { createParser, type EventSourceMessage } from "eventsource-parser";

/** The server-sent events of each chunk that arrives. One without any, as of a comment, still shows that the stream lives. */
export async function* eventStreamMessages(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly EventSourceMessage[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void messages.push(message) });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield messages.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
