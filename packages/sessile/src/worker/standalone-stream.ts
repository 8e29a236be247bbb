import {
  type AppendToStream,
  type CreateStream,
  chunksOf,
  defaultContentType,
  type LiveReader,
  readSocket,
  type StreamPort,
} from "../durable-streams/index.ts";
import { askDurableStream, openStreamObject } from "../object/stream-object.ts";
import type {
  Appended,
  AskDurableStream,
  ForkOrigin,
  ReadPage,
  StreamHead,
  StreamLoan,
} from "../protocol/durable-stream.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";

/** What one body may be. */
export const streamContentLimits = {
  maxBodyBytes: 12 * 1024 * 1024,
  // Base64 takes a third more, and must fit into a chunk.
  maxChunkBytes: 12 * 1024 * 1024,
  maxDepth: 64,
};

/** A stream in an object of its own. What it shares with the one it was forked from is read there. */
export class StandaloneStream implements StreamPort {
  readonly #namespace: DurableObjectNamespace;
  readonly #name: string;
  readonly #ask: AskDurableStream;

  constructor(namespace: DurableObjectNamespace, name: string) {
    this.#namespace = namespace;
    this.#name = name;
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
      chunks: fork ? [] : chunks(contentType ?? defaultContentType),
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
    const { contentType = defaultContentType, body } = data ?? {};
    return this.#ask(this.#name, {
      do: "append",
      ...request,
      data: body ? { contentType, chunks: chunksOf(body, contentType, streamContentLimits) } : null,
    });
  }

  head(): Promise<StreamHead> {
    return this.#ask(this.#name, { do: "head" });
  }

  async read(from: number | "tail"): Promise<ReadPage> {
    const first = await this.#ask(this.#name, { do: "read", from });
    if (!("before" in first)) return first;
    let read: typeof first | ReadPage = first;
    let until = Number.POSITIVE_INFINITY;
    const at = from === "tail" ? 0 : from;
    while ("before" in read) {
      until = Math.min(until, read.before.until);
      read = await this.#ask(read.before.source, { do: "read", from: at, lent: true });
    }
    // The source may have gone on: only what was there when the fork was made belongs to it.
    const to = Math.min(read.to, until);
    return { head: first.head, at, to, chunks: read.chunks.slice(0, to - at) };
  }

  async follow(from: number): Promise<LiveReader> {
    return readSocket(await openStreamObject(this.#namespace, this.#name, from), from);
  }

  async delete(): Promise<void> {
    await this.#ask(this.#name, { do: "delete" });
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
