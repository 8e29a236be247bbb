import {
  type AppendToStream,
  type CreateStream,
  chunksOf,
  type LiveReader,
  readSocket,
  type StreamPort,
} from "../../durable-streams/index.ts";
import {
  askDurableStream,
  askStreamObject,
  openStreamObject,
  type StreamBeginning,
  type StreamRelays,
} from "../../object/streams/stream-object.ts";
import type {
  Appended,
  AskDurableStream,
  DurableStreamReplies,
  ForkOrigin,
  ReadPage,
  StreamHead,
  StreamLoan,
} from "../../protocol/durable-stream.ts";
import { defaultStreamType } from "../../protocol/durable-stream-actions.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamInfo } from "../../protocol/stream.ts";
import type { StreamReplies } from "../../protocol/stream-request.ts";
import { answerChars, charsOf, streamContentLimits } from "./stream-content.ts";

type OwnOrBefore = DurableStreamReplies["read"];

/** A stream in an object of its own. What it shares with the one it was forked from is read there. */
export class StandaloneStream implements StreamPort {
  readonly #namespace: DurableObjectNamespace;
  readonly #name: string;
  readonly #relays: StreamRelays | null;
  readonly #ask: AskDurableStream;

  constructor(namespace: DurableObjectNamespace, name: string, relays: StreamRelays | null) {
    this.#namespace = namespace;
    this.#name = name;
    this.#relays = relays;
    this.#ask = (stream, request) => askDurableStream(namespace, stream, request);
  }

  async create(request: CreateStream): Promise<{ readonly created: boolean; readonly head: StreamHead }> {
    const { body, contentType, fork } = request;
    const asked = { ...request, do: "create" as const };
    const chunks = (type: string): readonly Json[] =>
      body === null ? [] : chunksOf(body, type, streamContentLimits);
    // The type of a fork's first data may only be known from what is forked.
    const first = await this.#ask(this.#name, {
      ...withoutBody(asked),
      chunks: fork ? [] : chunks(contentType ?? defaultStreamType),
    });
    if (first !== "loan" || !fork) return first as Exclude<typeof first, "loan">;
    const loan = await this.#borrow(fork);
    try {
      const forked = await this.#ask(this.#name, {
        ...withoutBody(asked),
        chunks: chunks(contentType ?? loan.contentType),
        loan,
      });
      return forked as Exclude<typeof forked, "loan">;
    } catch (thrown) {
      // Nothing came of it, or somebody else was first: the source finds out whom it lends to.
      await this.#ask(fork.source, { do: "verifyLoan", to: this.#name }).catch(() => undefined);
      throw thrown;
    }
  }

  async append({ data, ...request }: AppendToStream): Promise<Appended> {
    const { contentType = defaultStreamType, body } = data ?? {};
    return this.#ask(this.#name, {
      do: "append",
      ...request,
      data: body ? { contentType, chunks: chunksOf(body, contentType, streamContentLimits) } : null,
    });
  }

  head(): Promise<StreamHead> {
    return this.#ask(this.#name, { do: "head" });
  }

  /** Where the stream's own first chunk is, for who wants to read from `offset` on. */
  async begin(offset: number): Promise<{ readonly start: number }> {
    const read = await this.#ask(this.#name, { do: "read", from: offset });
    return { start: "before" in read ? read.before.until : offset };
  }

  /** As the stream's own socket tells of it first. */
  async info(): Promise<StreamInfo> {
    const { info } = (await askStreamObject(this.#namespace, this.#name, {
      do: "info",
    })) as StreamReplies["info"];
    if (info) return info;
    throw new SessileError("not_found", "There is no stream of this name.");
  }

  /** As much as goes into one answer, whichever streams it lies in. */
  async read(from: number | "tail"): Promise<ReadPage> {
    const first = await this.#ask(this.#name, { do: "read", from });
    const at = from === "tail" ? first.head.tail : from;
    const chunks: Json[] = [];
    let chars = 0;
    let to = at;
    for (let read: OwnOrBefore = first; ; read = await this.#ask(this.#name, { do: "read", from: to })) {
      const page = "before" in read ? await this.#readBefore(read.before, to) : read;
      for (const chunk of page.chunks) chunks.push(chunk);
      chars += charsOf(page.chunks);
      to = page.to;
      if (to >= first.head.tail || chars >= answerChars) break;
    }
    return { head: first.head, at, to, chunks };
  }

  /** A socket with the stream's own chunks, not yet accepted. */
  open(from: StreamBeginning): Promise<WebSocket> {
    return openStreamObject(this.#namespace, this.#name, from, this.#relays);
  }

  async follow(from: number): Promise<LiveReader> {
    return readSocket(await this.open({ offset: from, isPaced: true }), from);
  }

  async delete(): Promise<void> {
    await this.#ask(this.#name, { do: "delete" });
  }

  /** From the streams this one was forked from: up to where the fork begins, for the source may have gone on. */
  async #readBefore(
    before: Extract<OwnOrBefore, { readonly before: unknown }>["before"],
    from: number,
  ): Promise<Pick<ReadPage, "to" | "chunks">> {
    let { source, until } = before;
    for (;;) {
      const read = await this.#ask(source, { do: "read", from, lent: true });
      if (!("before" in read)) {
        const to = Math.min(read.to, until);
        return { to, chunks: read.chunks.slice(0, to - from) };
      }
      source = read.before.source;
      until = Math.min(until, read.before.until);
    }
  }

  async #borrow({ source, offset, subOffset }: ForkOrigin): Promise<StreamLoan> {
    if (source === this.#name)
      throw new SessileError("conflict", "A stream cannot be forked from itself.", {
        field: "stream-forked-from",
      });
    return this.#ask(source, {
      do: "lend",
      to: this.#name,
      subOffset,
      ...(offset === undefined ? {} : { offset }),
    });
  }
}

function withoutBody<T extends { readonly body: unknown }>(request: T): Omit<T, "body"> {
  const { body: _body, ...rest } = request;
  return rest;
}
