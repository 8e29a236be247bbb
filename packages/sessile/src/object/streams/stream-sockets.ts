import { closeCodes, closeReason } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Limits } from "../../protocol/limits.ts";
import {
  isOpen,
  type StreamFrame,
  type StreamInfo,
  type StreamPage,
  type StreamSegment,
} from "../../protocol/stream.ts";
import { pulledOffset, streamGreeting } from "../../protocol/stream-pull.ts";
import { relayHeader } from "../../protocol/stream-request.ts";
import { bufferedBytes } from "../buffered-bytes.ts";
import type { Clock } from "../clock.ts";
import { closeSocket } from "../close-socket.ts";
import { ReaderBuffers } from "./reader-buffers.ts";
import type { StreamBatch } from "./stream-reads.ts";

/** What survives hibernation with the socket. */
interface Attachment {
  readonly streamId: string;
  readonly actor: Actor | null;
  /** `live`: has everything that was shown, and gets each segment. */
  readonly phase: "catchingUp" | "live";
  /** What the reader was last told. */
  readonly generation: number;
  /** Serves readers of its own. */
  readonly isRelay: boolean;
  /** Asks for each batch of history: its socket is read by somebody who hands on, and does not show how much waits. */
  readonly isPaced: boolean;
}

/** Streams as readers may see them. */
export interface ShownStreams {
  info(streamId: string): StreamInfo | null;
  /** A promise where getting the chunks takes time. */
  read(stream: StreamInfo, offset: number): StreamBatch | Promise<StreamBatch>;
}

export interface StreamSocketsOptions {
  readonly context: DurableObjectState;
  readonly shown: ShownStreams;
  readonly limits: Pick<Limits, "maxStreamReaders" | "maxStreamBufferedBytes">;
  readonly clock: Clock;
}

export interface AdmittedReader extends Pick<Attachment, "actor" | "isRelay"> {
  /** `offset`, `generation` and `paced`, as of `accept`. */
  readonly query: URLSearchParams;
}

const tag = "sessile.stream";
/** A closed stream that has no more than this is sent whole at once. */
const maxWholeChars = 64 * 1024;

/**
 * Readers of streams, each on a hibernating socket of its own: history first, then each segment as it is shown, one text for
 * all. A reader that takes too little is told so and asks again; nothing is kept for it.
 */
export class StreamSockets {
  readonly #options: StreamSocketsOptions;
  readonly #attachments = new Map<WebSocket, Attachment>();
  /** Where each live reader is; after hibernation unknown, and then it has everything. */
  readonly #at = new WeakMap<WebSocket, number>();
  readonly #buffers: ReaderBuffers;

  constructor(options: StreamSocketsOptions) {
    const { context, limits, clock } = options;
    this.#options = options;
    for (const socket of context.getWebSockets(tag)) {
      const attachment = socket.deserializeAttachment() as Attachment | null;
      if (attachment) this.#attachments.set(socket, attachment);
    }
    this.#buffers = new ReaderBuffers(limits.maxStreamBufferedBytes, this.#attachments, () => clock.now());
  }

  get size(): number {
    return this.#attachments.size;
  }

  has(socket: WebSocket): boolean {
    return this.#attachments.has(socket);
  }

  /** Somebody on whose behalf more can be asked for. */
  get anyActor(): Actor | null {
    for (const { actor } of this.#attachments.values()) if (actor) return actor;
    return null;
  }

  /**
   * `?offset=` is where to begin; `&generation=` is what the reader knows, so that it learns of what was withdrawn meanwhile;
   * `&paced` asks for history batch by batch.
   *
   * @throws SessileError `overloaded` with the limit `maxStreamReaders`
   */
  accept(request: Request, streamId: string, actor: Actor | null): Response {
    const { shown, limits } = this.#options;
    const query = new URL(request.url).searchParams;
    const info = shown.info(streamId);
    const whole = this.#wholeAnswer(info, query);
    if (whole) return whole;
    const isRelay = request.headers.has(relayHeader);
    if (!isRelay && this.size >= limits.maxStreamReaders)
      throw new SessileError("overloaded", "This object has as many readers as it takes.", {
        limit: "maxStreamReaders",
        retryAfterMs: 1000,
      });
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.admit(server, info as StreamInfo, { actor, isRelay, query });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Serves a reader that has been let in. */
  admit(socket: WebSocket, info: StreamInfo, { query, ...reader }: AdmittedReader): void {
    const { streamId, generation } = info;
    this.#options.context.acceptWebSocket(socket, [tag]);
    const isPaced = query.has("paced");
    this.#set(socket, { streamId, phase: "catchingUp", generation, isPaced, ...reader });
    this.#begin(socket, info, query);
  }

  /**
   * For a reader that has nothing to wait for: of a stream that is not there, or has closed and is short. Its socket does not
   * hibernate, because workerd ends the connection of one that does, and whose client never said a word, only when the object
   * sleeps: its pump waits for one more message after a first one that is the client's close.
   */
  #wholeAnswer(info: StreamInfo | null, query: URLSearchParams): Response | null {
    if (!info) return answerWhole([], closeCodes.notFound, "There is no stream of this id.");
    const batch = isOpen(info) ? null : this.#options.shown.read(info, offsetOf(info, query));
    if (batch instanceof Promise) batch.catch(() => undefined);
    if (!batch || batch instanceof Promise || batch.more) return null;
    const { resync } = beginOf(info, query);
    const frames = [
      { t: "stream", info },
      ...resync,
      ...batch.pages.map((page) => ({ t: "chunks", ...page })),
      lastFrame(info),
    ].map((frame) => JSON.stringify(frame));
    if (frames.reduce((chars, { length }) => chars + length, 0) > maxWholeChars) return null;
    return answerWhole(frames, ...closeOf(info));
  }

  #begin(socket: WebSocket, info: StreamInfo, query: URLSearchParams): void {
    this.#send(socket, { t: "stream", info });
    const { offset, resync } = beginOf(info, query);
    for (const frame of resync) this.#send(socket, frame);
    // The reader of a closed stream is made to ask for its end, and is one that has spoken.
    this.#pump(socket, info, offset, !isOpen(info));
  }

  /** A reader asks for more, or greets. Anything else it says ends the connection. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment || message === streamGreeting) return;
    try {
      const offset = pulledOffset(message);
      if (bufferedBytes(socket) > 2 * this.#buffers.shareBytes + maxWholeChars) {
        this.#end(socket, closeCodes.restart, "Read what was sent before you ask for more.");
        return;
      }
      const info = this.#options.shown.info(attachment.streamId);
      if (!info) this.#end(socket, closeCodes.gone, "The stream was deleted.");
      else if (info.generation !== attachment.generation) this.#resync(socket, info);
      else this.#pump(socket, info, offset);
    } catch (thrown) {
      this.#end(socket, closeCodes.protocolError, SessileError.from(thrown).message);
    }
  }

  left(socket: WebSocket): void {
    this.#attachments.delete(socket);
  }

  closeAll(reason: string, code: number = closeCodes.restart): void {
    for (const socket of [...this.#attachments.keys()]) this.#end(socket, code, reason);
  }

  /** Whoever may no longer read gets no more. Whom a relay serves is not known here: they come again, and are asked. */
  closeUnless(mayStay: (actor: Actor | null) => boolean, code: number, reason: string): void {
    for (const [socket, { actor, isRelay }] of [...this.#attachments])
      if (isRelay) this.#end(socket, closeCodes.restart, "Access to this session has changed.");
      else if (!mayStay(actor)) this.#end(socket, code, reason);
  }

  /** The stream has grown. */
  grew({ streamId, at, to, chunks = [] }: StreamSegment): void {
    let text: string | null = null;
    for (const [socket, attachment] of this.#attachments) {
      if (attachment.streamId !== streamId || attachment.phase !== "live") continue;
      const from = this.#at.get(socket) ?? at;
      if (from >= to) continue;
      text ??= frameText({ at, to, chunks });
      if (this.#buffers.isSlow(socket) || !this.#buffers.hasRoom(text.length)) {
        this.#tellBehind(socket, attachment, to);
        continue;
      }
      // A reader may know more of a stream than its relay.
      this.#sendText(
        socket,
        from <= at ? text : frameText({ at: from, to, chunks: chunks.slice(from - at) }),
      );
      this.#at.set(socket, to);
    }
  }

  /** The stream has changed otherwise; null if it was deleted. */
  changed(streamId: string, info: StreamInfo | null, isWithdrawn = false): void {
    for (const [socket, { streamId: read, phase }] of [...this.#attachments]) {
      if (read !== streamId) continue;
      if (!info) this.#end(socket, closeCodes.gone, "The stream was deleted.");
      else if (isWithdrawn) this.#resync(socket, info);
      else if (phase === "live" && !isOpen(info)) this.#finish(socket, info);
      else this.#send(socket, { t: "stream", info });
    }
  }

  /** Where the readers are is not known any more: each says it. */
  allBehind(): void {
    for (const [socket, attachment] of this.#attachments)
      if (attachment.phase === "live")
        this.#tellBehind(socket, attachment, this.#options.shown.info(attachment.streamId)?.tail ?? 0);
  }

  #tellBehind(socket: WebSocket, attachment: Attachment, tail: number): void {
    this.#set(socket, { ...attachment, phase: "catchingUp" });
    this.#send(socket, { t: "behind", tail });
  }

  #resync(socket: WebSocket, info: StreamInfo): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    const { generation, start } = info;
    this.#set(socket, { ...attachment, generation, phase: "catchingUp" });
    if (attachment.isRelay) this.#send(socket, { t: "stream", info });
    this.#send(socket, { t: "resync", generation, offset: start });
    this.#pump(socket, info, start);
  }

  /** Sends history as far as the reader takes it; the last of it makes it live in the same turn, so that nothing can come between. */
  #pump(socket: WebSocket, info: StreamInfo, offset: number, asksMore = false): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    this.#set(socket, { ...attachment, phase: "catchingUp" });
    for (let from = offset; ; ) {
      const batch = this.#options.shown.read(info, from);
      if (batch instanceof Promise) {
        void this.#sendLater(socket, info, batch);
        return;
      }
      if (this.#sendBatch(socket, batch, asksMore || (attachment.isPaced && batch.more))) return;
      from = batch.next;
      if (!batch.more) {
        this.#at.set(socket, from);
        break;
      }
    }
    if (isOpen(info)) this.#set(socket, { ...attachment, phase: "live" });
    else this.#finish(socket, info);
  }

  /** What takes time to get, and whatever the stream has got meanwhile. */
  async #sendLater(socket: WebSocket, info: StreamInfo, reading: Promise<StreamBatch>): Promise<void> {
    try {
      const batch = await reading;
      // Withdrawn meanwhile: the reader was told, and gets what there is now.
      if (this.#attachments.get(socket)?.generation !== info.generation) return;
      const now = this.#options.shown.info(info.streamId) ?? info;
      // The reader of a closed stream asks for its end.
      if (this.#sendBatch(socket, batch, batch.more || !isOpen(now))) return;
      this.#pump(socket, now, batch.next);
    } catch {
      this.#end(socket, closeCodes.restart, "What was asked for cannot be read now.");
    }
  }

  /** @returns whether the reader has to ask for what follows */
  #sendBatch(socket: WebSocket, { pages, more }: StreamBatch, asksMore: boolean): boolean {
    for (const [index, page] of pages.entries()) {
      const isLast = index === pages.length - 1;
      const isFull = (!isLast || more) && (this.#buffers.isSlow(socket) || !this.#buffers.hasRoom(0));
      const waits = isFull || (isLast && asksMore);
      this.#sendText(socket, frameText(page, waits));
      if (waits) return true;
    }
    return false;
  }

  /** Everything of a closed stream has been sent. */
  #finish(socket: WebSocket, info: StreamInfo): void {
    this.#send(socket, lastFrame(info));
    this.#end(socket, ...closeOf(info));
  }

  #end(socket: WebSocket, code: number, reason: string): void {
    this.#attachments.delete(socket);
    closeSocket(socket, code, reason);
  }

  #send(socket: WebSocket, frame: StreamFrame): void {
    this.#sendText(socket, JSON.stringify(frame));
  }

  #sendText(socket: WebSocket, text: string): void {
    try {
      socket.send(text);
      this.#buffers.sent(text.length);
    } catch {
      this.#attachments.delete(socket);
    }
  }

  #set(socket: WebSocket, attachment: Attachment): void {
    const known = this.#attachments.get(socket);
    this.#attachments.set(socket, attachment);
    if (known?.phase !== attachment.phase || known.generation !== attachment.generation)
      socket.serializeAttachment(attachment);
  }
}

function beginOf(
  info: StreamInfo,
  query: URLSearchParams,
): { readonly offset: number; readonly resync: readonly StreamFrame[] } {
  const { generation, start } = info;
  const known = integerOr(query.get("generation"), generation);
  if (known === generation) return { offset: offsetOf(info, query), resync: [] };
  return { offset: start, resync: [{ t: "resync", generation, offset: start }] };
}

/** `tail` is what relays say: they begin with what is to come. */
function offsetOf({ generation, start, tail }: StreamInfo, query: URLSearchParams): number {
  if (integerOr(query.get("generation"), generation) !== generation) return start;
  if (query.get("offset") === "tail") return tail;
  return integerOr(query.get("offset"), start);
}

/** Addresses are checked in the worker; what is no number there never comes here. */
function integerOr(text: string | null, otherwise: number): number {
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

function frameText({ at, to, chunks }: StreamPage, more = false): string {
  return JSON.stringify({
    t: "chunks",
    at,
    to,
    chunks,
    ...(more ? { more: true } : {}),
  } satisfies StreamFrame);
}

function lastFrame({ output, error }: StreamInfo): StreamFrame {
  return error ? { t: "fail", error } : { t: "end", output };
}

function closeOf({ error }: StreamInfo): [code: number, reason: string] {
  return [error ? 1011 : 1000, error?.message ?? "The stream has ended."];
}

function answerWhole(frames: readonly string[], code: number, reason: string): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  for (const frame of frames) server.send(frame);
  server.close(code, closeReason(reason));
  return new Response(null, { status: 101, webSocket: client });
}
