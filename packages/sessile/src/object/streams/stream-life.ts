import {
  type Appended,
  type AskDurableStream,
  type DurableStreamReplies,
  type DurableStreamRequest,
  isSameContentType,
  type StreamLoan,
  type StreamOrigin,
} from "../../protocol/durable-stream.ts";
import { assertMadeSo, defaultStreamType, headOf, originOf } from "../../protocol/durable-stream-actions.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import { isJsonType, type StreamInfo } from "../../protocol/stream.ts";
import { chunkBytes, encodeChunk } from "../../protocol/stream-chunk.ts";
import type { StreamAction, StreamReplies } from "../../protocol/stream-request.ts";
import type { StreamFeed } from "./stream-feed.ts";
import type { StreamLifeTable } from "./stream-life-table.ts";

type Request<Do extends DurableStreamRequest["do"]> = DurableStreamRequest & { readonly do: Do };
type Reply = DurableStreamReplies[DurableStreamRequest["do"]];

/** What a standalone stream needs of its object, and of the objects of other streams. */
export interface StreamLifeOptions {
  readonly name: string;
  readonly table: StreamLifeTable;
  readonly now: () => number;
  readonly info: () => Promise<StreamInfo | null>;
  readonly ask: <Do extends StreamAction["do"]>(
    action: StreamAction & { readonly do: Do },
  ) => Promise<StreamReplies[Do]>;
  readonly askOther: AskDurableStream;
  /** Nobody reads on: the stream is kept for its forks only. */
  readonly closeReaders: () => void;
  /** Null where there are no subscriptions. */
  readonly feed: StreamFeed | null;
  /** Calls `onTimer` at `dueAt`, also after a restart. */
  readonly setTimer: (name: StreamTimer, other: string | null, dueAt: number) => void;
}

/**
 * `expire`: the stream's time may be up. `return`: what was borrowed goes back. `verify`: a loan may have come to nothing.
 * `tell`: the subscriptions may not know yet.
 */
export type StreamTimer = "expire" | "return" | "verify" | "tell";

const verifyAfterMs = 60_000;
const returnAgainMs = 5_000;

/**
 * A standalone stream from its making to its end: how long it lives, what it shares with streams forked from it, and when it is
 * really gone. Its chunks are the session's; what is borrowed and lent is known to both sides, and each side keeps its own half.
 */
export class StreamLife {
  readonly #options: StreamLifeOptions;

  constructor(options: StreamLifeOptions) {
    this.#options = options;
  }

  async handle(request: DurableStreamRequest): Promise<Reply> {
    await this.#expireIfDue();
    switch (request.do) {
      case "create":
        return this.#create(request);
      case "append":
        return this.#append(request);
      case "head":
        return headOf(await this.#shown());
      case "read":
        return this.#read(request);
      case "delete": {
        await this.#shown();
        await this.#end();
        return null;
      }
      case "lend":
        return this.#lend(request);
      case "returned":
        return this.#returned(request.by);
      case "verifyLoan":
        return this.#verify(request.to);
      case "borrows":
        return this.#borrows(request.source);
      case "subscribe":
        return this.#options.feed?.subscribe() ?? null;
    }
  }

  async onTimer(name: StreamTimer, other: string | null): Promise<void> {
    if (name === "tell") await this.#options.feed?.onTimer();
    else if (name === "expire") {
      if (!(await this.#expireIfDue())) await this.#armExpiry();
    } else if (other !== null && name === "verify") await this.#verify(other);
    else if (other !== null) await this.#giveBack(other);
  }

  async #create(request: Request<"create">): Promise<DurableStreamReplies["create"]> {
    const { table, ask, now } = this.#options;
    const { fork, loan, closed } = request;
    const known = await this.#known();
    if (known && table.isDeleted)
      throw new SessileError("conflict", "A stream of this name was deleted and is still shared by others.");
    if (known) {
      assertMadeSo(known, request);
      return { created: false, head: headOf(known) };
    }
    if (fork && !loan) return "loan";
    if (
      loan &&
      request.contentType !== undefined &&
      !isSameContentType(request.contentType, loan.contentType)
    )
      throw new SessileError("conflict", `A fork is of its source's type, ${loan.contentType}.`, {
        field: "content-type",
        current: loan.contentType,
      });
    const origin: StreamOrigin = { lifetime: request.lifetime ?? loan?.lifetime ?? null, fork };
    const chunks = [...(loan && loan.prefix !== null ? [loan.prefix] : []), ...request.chunks];
    table.begin(now());
    const { info, isNew } = await ask({
      do: "open",
      contentType: request.contentType ?? loan?.contentType ?? defaultStreamType,
      meta: origin as unknown as Json,
      start: loan?.at ?? 0,
      chunks,
      closed,
    });
    // Somebody else was first while this one waited.
    if (!isNew) assertMadeSo(info, request);
    else await this.#armExpiry();
    return { created: isNew, head: headOf(info) };
  }

  async #append(request: Request<"append">): Promise<Appended> {
    const stream = await this.#shown();
    this.#touch(stream);
    return this.#options.ask({ ...request, do: "post" });
  }

  async #read({ from, lent }: Request<"read">): Promise<DurableStreamReplies["read"]> {
    const stream = lent ? await this.#kept() : await this.#shown();
    if (!lent) this.#touch(stream);
    const head = headOf(stream);
    const at = from === "tail" ? stream.tail : from;
    if (at > stream.tail)
      throw new SessileError("bad_request", "This offset lies beyond the stream's end.", { field: "offset" });
    const { fork } = originOf(stream);
    if (fork && at < stream.start) return { head, before: { source: fork.source, until: stream.start } };
    if (at === stream.tail) return { head, at, to: at, chunks: [] };
    const read = await this.#options.ask({ do: "read", offset: at });
    if (!read.info) throw notFound();
    const chunks = read.pages.flatMap((page) => page.chunks);
    return { head: headOf(read.info), at, to: read.next, chunks };
  }

  async #lend({ to, offset, subOffset }: Request<"lend">): Promise<StreamLoan> {
    const { table, now, setTimer } = this.#options;
    const stream = await this.#kept();
    if (table.isDeleted)
      throw new SessileError("conflict", "The stream to fork was deleted.", { field: "stream-forked-from" });
    const begin = offset ?? stream.tail;
    if (begin > stream.tail)
      throw new SessileError("bad_request", "The stream to fork does not reach this offset.", {
        field: "stream-fork-offset",
      });
    const { at, prefix } = await this.#forkPoint(stream, begin, subOffset);
    if (table.lend(to, now())) setTimer("verify", to, now() + verifyAfterMs);
    return { contentType: stream.contentType, lifetime: originOf(stream).lifetime, at, prefix };
  }

  /** Messages are counted; of bytes the fork keeps its share of the append they lie in. */
  async #forkPoint(
    stream: StreamInfo,
    begin: number,
    subOffset: number,
  ): Promise<Pick<StreamLoan, "at" | "prefix">> {
    if (subOffset === 0) return { at: begin, prefix: null };
    const overshoots = new SessileError(
      "bad_request",
      "The stream to fork has less than that after the offset.",
      {
        field: "stream-fork-sub-offset",
      },
    );
    if (isJsonType(stream.contentType)) {
      if (begin + subOffset > stream.tail) throw overshoots;
      return { at: begin + subOffset, prefix: null };
    }
    if (begin === stream.tail) throw overshoots;
    const bytes = chunkBytes(await this.#chunkAt(begin));
    if (subOffset > bytes.length) throw overshoots;
    if (subOffset === bytes.length) return { at: begin + 1, prefix: null };
    return { at: begin, prefix: encodeChunk(stream.contentType, bytes.subarray(0, subOffset)) };
  }

  /** Also one that this stream shares with the one it was forked from. */
  async #chunkAt(offset: number): Promise<Json> {
    let read = await this.#read({ do: "read", from: offset, lent: true });
    while ("before" in read)
      read = await this.#options.askOther(read.before.source, { do: "read", from: offset, lent: true });
    return read.chunks[0] ?? null;
  }

  async #returned(by: string): Promise<null> {
    const { table } = this.#options;
    table.takeBack(by);
    if (table.isDeleted && table.loans === 0) await this.#obliterate();
    return null;
  }

  async #verify(to: string): Promise<null> {
    const { name, askOther } = this.#options;
    if (!(await askOther(to, { do: "borrows", source: name }))) await this.#returned(to);
    return null;
  }

  async #borrows(source: string): Promise<boolean> {
    const stream = await this.#known();
    return stream !== null && originOf(stream).fork?.source === source;
  }

  /** Deleted, or its time is up. As long as others share its chunks they are kept, and nobody else sees them. */
  async #end(): Promise<void> {
    const { table, feed, closeReaders } = this.#options;
    await feed?.ending();
    if (table.loans > 0) {
      table.markDeleted();
      closeReaders();
    } else await this.#obliterate();
    await feed?.changed();
  }

  async #obliterate(): Promise<void> {
    const { table, ask, setTimer, now } = this.#options;
    const stream = await this.#known();
    const source = stream && originOf(stream).fork?.source;
    // First of all what outlasts a crash.
    if (source) setTimer("return", source, now() + returnAgainMs);
    if (stream) await ask({ do: "delete" });
    table.forget();
    if (source) await this.#giveBack(source).catch(() => undefined);
  }

  async #giveBack(source: string): Promise<void> {
    const { name, askOther } = this.#options;
    // A new stream of this name may have been forked from the same source meanwhile.
    if (!(await this.#borrows(source))) await askOther(source, { do: "returned", by: name });
  }

  /** @returns whether there is no stream any more */
  async #expireIfDue(): Promise<boolean> {
    const { table, now } = this.#options;
    if (!table.exists || table.isDeleted) return true;
    const stream = await this.#known();
    if (!stream) return true;
    const deadline = this.#deadline(stream);
    if (deadline === null || now() < deadline) return false;
    await this.#end();
    return true;
  }

  async #armExpiry(): Promise<void> {
    const stream = await this.#known();
    const deadline = stream && this.#deadline(stream);
    if (deadline !== null) this.#options.setTimer("expire", null, deadline);
  }

  #deadline(stream: StreamInfo): number | null {
    const { lifetime } = originOf(stream);
    if (lifetime === null) return null;
    return "expiresAt" in lifetime
      ? lifetime.expiresAt
      : this.#options.table.touchedAt(lifetime.ttlSeconds * 1000) + lifetime.ttlSeconds * 1000;
  }

  #touch(stream: StreamInfo): void {
    const { lifetime } = originOf(stream);
    if (lifetime && "ttlSeconds" in lifetime)
      this.#options.table.touch(this.#options.now(), lifetime.ttlSeconds * 1000);
  }

  /** @throws SessileError `not_found`, `gone` */
  async #shown(): Promise<StreamInfo> {
    const stream = await this.#kept();
    if (!this.#options.table.isDeleted) return stream;
    throw new SessileError("gone", "This stream was deleted.");
  }

  /** Deleted or not, as long as its chunks are kept. */
  async #kept(): Promise<StreamInfo> {
    const stream = await this.#known();
    if (!stream) throw notFound();
    return stream;
  }

  /** Asking for a stream that nobody made must not make its object's tables grow. */
  async #known(): Promise<StreamInfo | null> {
    const { table, info } = this.#options;
    return table.exists ? info() : null;
  }
}

function notFound(): SessileError {
  return new SessileError("not_found", "There is no stream of this name.");
}
