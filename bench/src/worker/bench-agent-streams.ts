import { DurableObject } from "cloudflare:workers";
import { Lifecycle } from "agents/lifecycle";
import { Streams, sseResponse } from "agents/streams";
import { tokenLetter } from "../token-letter.ts";
import { countRows } from "./count-rows.ts";

const streamId = "s";

/** The peer's streams as its users install them, with the least HTTP around them: POST appends, GET reads. */
export class BenchAgentStreams extends DurableObject {
  readonly streams = new Streams();
  readonly lifecycle = Lifecycle.install(this).use(this.streams);
  readonly #rows: () => number;

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env as never);
    this.#rows = countRows(context);
  }

  async onRequest(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    if (request.method === "POST") {
      if (searchParams.has("pace")) await this.#pace((await request.json()) as [number, number, number]);
      else await this.#append(await request.text());
      return new Response(null, { status: 204 });
    }
    const cursor = searchParams.has("now") ? (await this.streams.status(streamId))?.cursor : undefined;
    return sseResponse(this.streams, streamId, {
      request,
      ...(cursor === undefined ? {} : { from: cursor }),
    });
  }

  rowsWritten(): number {
    return this.#rows();
  }

  async #append(chunk: string): Promise<void> {
    (await this.streams.open(streamId)).append(chunk);
  }

  async #pace([count, everyMs, chars]: [number, number, number]): Promise<void> {
    const startedAt = Date.now();
    for (let n = 0; n < count; n++) {
      await this.#append(tokenLetter.repeat(chars));
      const waitMs = startedAt + (n + 1) * everyMs - Date.now();
      if (waitMs > 0) await scheduler.wait(waitMs);
    }
  }
}
