export interface SseMessage {
  readonly id: string;
  readonly data: unknown;
}

/** Reads an event stream as the specification of `EventSource` says: lines, fields, a message per empty line. */
export class SseReader {
  readonly response: Response;
  readonly #chunks: ReadableStreamDefaultReader<string>;
  readonly #abort: AbortController;
  #text = "";
  #messages: SseMessage[] = [];

  private constructor(response: Response, abort: AbortController) {
    if (!response.body) throw new Error("no body");
    this.response = response;
    this.#abort = abort;
    this.#chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(url: string, lastEventId?: string): Promise<SseReader> {
    const abort = new AbortController();
    const headers = {
      accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    };
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
    return new SseReader(response, abort);
  }

  /** The next messages; rejects if the stream ends before. */
  async take(count: number): Promise<SseMessage[]> {
    while (this.#messages.length < count) {
      const { value, done } = await this.#chunks.read();
      if (done) throw new Error("the stream has ended");
      this.#add(value);
    }
    return this.#messages.splice(0, count);
  }

  /** What has come, at least one. */
  async takeAll(): Promise<SseMessage[]> {
    const first = await this.take(1);
    return [...first, ...this.#messages.splice(0)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#chunks.cancel().catch(() => undefined);
  }

  #add(text: string): void {
    const blocks = (this.#text + text).split("\n\n");
    this.#text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split("\n")) {
        const [, name, value] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
        if (name) fields.set(name, value ?? "");
      }
      const data = fields.get("data");
      // A block without data, such as `retry` or a comment, is no message.
      if (data !== undefined) this.#messages.push({ id: fields.get("id") ?? "", data: JSON.parse(data) });
    }
  }
}
