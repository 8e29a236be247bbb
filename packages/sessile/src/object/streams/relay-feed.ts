import { closeCodes } from "../../protocol/close-code.ts";
import { type ErrorCode, SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { isOpen, type StreamFrame, type StreamInfo } from "../../protocol/stream.ts";
import { streamGreeting } from "../../protocol/stream-pull.ts";
import type { StreamReplies } from "../../protocol/stream-request.ts";
import type { Clock } from "../clock.ts";
import { RelayCache } from "./relay-cache.ts";
import type { StreamBatch } from "./stream-reads.ts";
import type { ShownStreams, StreamSockets } from "./stream-sockets.ts";

export interface RelayFeedOptions {
  readonly streamId: string;
  readonly clock: Clock;
  readonly maxCacheChars: number;
  readonly sockets: () => StreamSockets;
  /** Whether somebody reads here, or is about to. */
  readonly isUsed: () => boolean;
  /** A socket of the object above in the tree, not yet accepted. @throws SessileError */
  readonly connect: (actor: Actor | null, search: string) => Promise<WebSocket>;
  /** Asks the stream's own object. */
  readonly read: (actor: Actor | null, offset: number) => Promise<StreamReplies["read"]>;
}

const firstRetryMs = 250;
const maxRetryMs = 5_000;

/** One stream as it comes from above: its newest chunks in memory, older ones read from where they are kept. */
export class RelayFeed implements ShownStreams {
  readonly #options: RelayFeedOptions;
  readonly #cache: RelayCache;
  /** The stream as far as its chunks have come; open until its end has. */
  #info: StreamInfo | null = null;
  #socket: WebSocket | null = null;
  #connecting: Promise<void> | null = null;
  #actor: Actor | null = null;

  constructor(options: RelayFeedOptions) {
    this.#options = options;
    this.#cache = new RelayCache(options.maxCacheChars);
  }

  info(): StreamInfo | null {
    return this.#info;
  }

  read({ tail, generation }: StreamInfo, offset: number): StreamBatch | Promise<StreamBatch> {
    if (offset >= tail) return { pages: [], next: offset, more: false };
    const pages = this.#cache.from(offset);
    if (pages) return { pages, next: tail, more: false };
    return this.#readAbove(generation, offset);
  }

  /** Resolves when it is known how the stream stands now. @throws SessileError if it is not there, or cannot be reached */
  connected(actor: Actor | null): Promise<void> {
    this.#actor = actor;
    if (this.#socket && !this.#connecting) return Promise.resolve();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  /** Whoever is connected counts as a reader of the session: a relay that nobody reads at leaves. */
  async leaveUnlessUsed(): Promise<void> {
    while (this.#connecting) await this.#connecting.catch(() => undefined);
    if (this.#options.isUsed()) return;
    const socket = this.#socket;
    this.#socket = null;
    this.#info = null;
    this.#cache.clear();
    socket?.close(1000);
  }

  async #connect(): Promise<void> {
    const { connect, sockets } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = await connect(this.#actor, this.#search()).catch((thrown) => {
      const { code, message } = SessileError.from(thrown);
      const closeCode = refusalCodes[code];
      if (closeCode !== undefined) sockets().closeAll(message, closeCode);
      throw thrown;
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket) return;
      const frame = JSON.parse(String(data)) as StreamFrame;
      this.#receive(frame);
      // The end of a closed stream is on its way.
      if (frame.t !== "stream" || isOpen(frame.info)) resolve();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      reject(refusal(code, reason));
      // Left already.
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#closed(code, reason);
    });
    this.#socket = socket;
    socket.accept();
    // The close of one that never said a word comes late.
    socket.send(streamGreeting);
    await promise;
  }

  /** From where its chunks end; at first, from the stream's end on. */
  #search(): string {
    if (!this.#info) return "?offset=tail";
    return `?offset=${this.#info.tail}&generation=${this.#info.generation}`;
  }

  #receive(frame: StreamFrame): void {
    const { sockets, streamId } = this.#options;
    switch (frame.t) {
      case "stream":
        this.#adopt(frame.info);
        break;
      case "chunks": {
        if (!this.#info) return;
        const { at, to, chunks } = frame;
        this.#info = { ...this.#info, tail: to };
        this.#cache.add({ at, to, chunks }, JSON.stringify(chunks).length);
        sockets().grew({ streamId, at, to, chunks });
        if (frame.more) this.#pull(to);
        break;
      }
      case "resync": {
        if (!this.#info) return;
        const { generation, offset } = frame;
        this.#cache.clear();
        this.#info = { ...this.#info, ...stillOpen, generation, tail: offset };
        sockets().changed(streamId, this.#info, true);
        break;
      }
      case "behind":
        this.#pull(this.#info?.tail ?? 0);
        break;
      case "end":
        this.#close({ status: "ended", output: frame.output });
        break;
      case "fail":
        this.#close({ status: "failed", error: frame.error });
        break;
    }
  }

  /** What is said of the stream may be ahead of its chunks. */
  #adopt(info: StreamInfo): void {
    const known = this.#info;
    const isNew = known !== null && info.openedSeq !== known.openedSeq;
    const tail = known && !isNew ? known.tail : info.tail;
    const generation = known && !isNew ? known.generation : info.generation;
    if (isNew) this.#cache.clear();
    this.#info = { ...info, tail, generation, ...(isOpen(info) ? {} : stillOpen) };
    if (known) this.#options.sockets().changed(info.streamId, this.#info, isNew);
  }

  #close(end: Pick<StreamInfo, "status"> & Partial<Pick<StreamInfo, "output" | "error">>): void {
    if (!this.#info) return;
    this.#info = { ...this.#info, ...end };
    this.#options.sockets().changed(this.#options.streamId, this.#info);
  }

  #pull(offset: number): void {
    this.#socket?.send(JSON.stringify({ t: "pull", offset }));
  }

  /** A cut is mended here; what was meant for readers is passed on to them. */
  #closed(code: number, reason: string): void {
    const sockets = this.#options.sockets();
    if (this.#info && !isOpen(this.#info)) return;
    if (code === closeCodes.restart || code >= 4000) {
      this.#info = null;
      this.#cache.clear();
      sockets.closeAll(reason, code);
    } else void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { clock, sockets } = this.#options;
    for (let waitMs = firstRetryMs; sockets().size > 0; waitMs = Math.min(maxRetryMs, waitMs * 2)) {
      await clock.wait(waitMs);
      try {
        return await this.connected(sockets().anyActor);
      } catch {
        // Another try, for as long as somebody reads.
      }
    }
  }

  async #readAbove(generation: number, offset: number): Promise<StreamBatch> {
    const { info, pages, next } = await this.#options.read(this.#actor, offset);
    if (info?.generation !== generation)
      throw new SessileError("unavailable", "The stream is not what it was.", { retryAfterMs: 1000 });
    // The stream's own object is ahead; what this relay does not have yet comes as it is shown here.
    const tail = this.#info?.tail ?? 0;
    const known = pages.flatMap(({ at, to, chunks }) =>
      at >= tail ? [] : { at, to: Math.min(to, tail), chunks: chunks.slice(0, tail - at) },
    );
    return { pages: known, next: Math.min(next, tail), more: next < tail };
  }
}

/** Refusals that another try does not change, and what the readers that are here are told. */
const refusalCodes: { readonly [Code in ErrorCode]?: number } = {
  not_found: closeCodes.notFound,
  gone: closeCodes.gone,
  // Each reader comes again, and is asked who it is.
  forbidden: closeCodes.restart,
};

const stillOpen = { status: "active", output: null, error: null } as const;

function refusal(code: number, reason: string): SessileError {
  if (code === closeCodes.notFound || code === closeCodes.gone) return new SessileError("not_found", reason);
  return new SessileError("unavailable", reason || "The stream cannot be reached.", { retryAfterMs: 1000 });
}
