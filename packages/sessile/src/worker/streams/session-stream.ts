import {
  type AppendToStream,
  type CreateStream,
  chunksOf,
  type LiveReader,
  readSocket,
  type StreamPort,
} from "../../durable-streams/index.ts";
import type { Appended, ReadPage, StreamHead } from "../../protocol/durable-stream.ts";
import { assertMadeSo, defaultStreamType, headOf } from "../../protocol/durable-stream-actions.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamInfo } from "../../protocol/stream.ts";
import type { StreamAction, StreamReplies } from "../../protocol/stream-request.ts";
import { askStream, streamSocket } from "../routes/stream-routes.ts";
import type { SessionTarget } from "../session-stub.ts";
import { answerChars, charsOf, streamContentLimits } from "./stream-content.ts";

/** One of a session's streams, as the Durable Streams protocol sees it. It lives as long as its session, and belongs to it alone. */
export class SessionStream implements StreamPort {
  readonly #target: SessionTarget;
  readonly #actor: Actor | null;
  readonly #streamId: string;

  constructor(target: SessionTarget, actor: Actor | null, streamId: string) {
    this.#target = target;
    this.#actor = actor;
    this.#streamId = streamId;
  }

  async create(request: CreateStream): Promise<{ readonly created: boolean; readonly head: StreamHead }> {
    const { contentType = defaultStreamType, lifetime, fork, closed, body } = request;
    if (lifetime || fork)
      throw new SessileError(
        "bad_request",
        "A session's stream lives as long as the session and is not forked. Streams at /v1/stream/ do and are.",
        { field: lifetime ? "stream-ttl" : "stream-forked-from" },
      );
    const chunks = body === null ? [] : chunksOf(body, contentType, streamContentLimits);
    const asked = { do: "create" as const, contentType, lifetime, fork, closed, chunks };
    const known = (await this.#ask({ do: "info" })).info;
    if (known) assertMadeSo(known, asked);
    if (known) return { created: false, head: headOf(known) };
    const { info, isNew } = await this.#ask({ do: "open", contentType, chunks, closed });
    // Somebody else was first while this one asked.
    if (!isNew) assertMadeSo(info, asked);
    return { created: isNew, head: headOf(info) };
  }

  async append({ data, ...request }: AppendToStream): Promise<Appended> {
    const chunks = data ? chunksOf(data.body, data.contentType, streamContentLimits) : [];
    return this.#ask({
      do: "post",
      ...request,
      data: data && { contentType: data.contentType, chunks },
    });
  }

  async head(): Promise<StreamHead> {
    return headOf(await this.#known());
  }

  async read(from: number | "tail"): Promise<ReadPage> {
    if (from === "tail") {
      const head = await this.head();
      return { head, at: head.tail, to: head.tail, chunks: [] };
    }
    const chunks: Json[] = [];
    let head: StreamHead | null = null;
    let chars = 0;
    let to = from;
    do {
      const read = await this.#ask({ do: "read", offset: to });
      if (!read.info) throw notFound();
      head = headOf(read.info);
      if (from > head.tail)
        throw new SessileError("bad_request", "This offset lies beyond the stream's end.", {
          field: "offset",
        });
      for (const page of read.pages) {
        for (const chunk of page.chunks) chunks.push(chunk);
        chars += charsOf(page.chunks);
      }
      to = read.next;
    } while (to < head.tail && chars < answerChars);
    return { head, at: from, to, chunks };
  }

  async follow(from: number): Promise<LiveReader> {
    const search = `?offset=${from}&paced`;
    const { webSocket } = await streamSocket(this.#target, this.#actor, this.#streamId, search);
    if (webSocket) return readSocket(webSocket, from);
    throw new SessileError("unavailable", "The stream did not open.", { retryAfterMs: 1000 });
  }

  async delete(): Promise<void> {
    if (!(await this.#ask({ do: "delete" })).existed) throw notFound();
  }

  async #known(): Promise<StreamInfo> {
    const { info } = await this.#ask({ do: "info" });
    if (info) return info;
    throw notFound();
  }

  #ask<Asked extends StreamAction>(action: Asked): Promise<StreamReplies[Asked["do"]]> {
    return askStream(this.#target, this.#actor, this.#streamId, action);
  }
}

function notFound(): SessileError {
  return new SessileError("not_found", "There is no stream of this id.", { field: "streamId" });
}
