import { setTimeout as delay } from "node:timers/promises";

const retryMs = 50;
const longestChunk = 200;

/** Writes one stream, one numbered request at a time, each until it is answered, and keeps what was acknowledged. */
export class StreamProducer {
  readonly streamId: string;
  readonly acknowledged: string[] = [];
  /** Requests that were sent again, because no answer came. */
  repeats = 0;
  readonly #session: string;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  /** @param session address of the session, `{server}/v1/sessions/{kind}/{name}` */
  constructor(session: string, streamId: string) {
    this.#session = session;
    this.streamId = streamId;
  }

  get streamUrl(): string {
    return `${this.#session}/streams/${this.streamId}`;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Ends the stream, once what was begun is answered. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await this.#call("finish", this.streamId, { chunks: this.acknowledged.length });
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const seq = this.acknowledged.length;
      const chunk = `${this.streamId}.${seq};`.padEnd(Math.random() * longestChunk, "x");
      await this.#call("write", this.streamId, seq, chunk);
      this.acknowledged.push(chunk);
      await delay(Math.random() * 60);
    }
  }

  async #call(method: string, ...args: unknown[]): Promise<void> {
    for (;;) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(args);
      const status = await fetch(`${this.#session}/call/${method}`, { method: "POST", headers, body }).then(
        (response) => response.text().then(() => response.status),
        () => 0,
      );
      if (status === 200) return;
      if (status >= 400 && status < 500) throw new Error(`${method} was refused: ${status}`);
      this.repeats += 1;
      await delay(retryMs);
    }
  }
}
