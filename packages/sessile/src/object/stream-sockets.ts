import type { StoredCommit } from "../kernel/index.ts";
import { closeCodes } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor, Commit } from "../protocol/event.ts";
import { type Json, parseJson } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import { isOpen, type StreamFrame, type StreamInfo, type StreamSegment } from "../protocol/stream.ts";
import { close } from "./peers.ts";
import type { StreamBatch, StreamReads } from "./stream-reads.ts";

/** What survives hibernation with the socket. */
interface Attachment {
  readonly streamId: string;
  readonly actor: Actor | null;
  /** `live`: has everything that was shown, and gets each segment. */
  readonly phase: "catchingUp" | "live";
}

const tag = "sessile.stream";
/** What may wait for a reader, however many there are. */
const leastShareBytes = 64 * 1024;

/**
 * Readers of streams, each on a hibernating socket of its own: history first, then each segment as it is shown, one text for
 * all. A reader that takes too little is told so and asks again; nothing is kept for it.
 */
export class StreamSockets {
  readonly #context: DurableObjectState;
  readonly #reads: StreamReads;
  readonly #limits: Limits;
  readonly #attachments = new Map<WebSocket, Attachment>();

  constructor(context: DurableObjectState, reads: StreamReads, limits: Limits) {
    this.#context = context;
    this.#reads = reads;
    this.#limits = limits;
    for (const socket of context.getWebSockets(tag))
      this.#attachments.set(socket, socket.deserializeAttachment() as Attachment);
  }

  get size(): number {
    return this.#attachments.size;
  }

  has(socket: WebSocket): boolean {
    return this.#attachments.has(socket);
  }

  /** `?offset=` is where to begin; `&generation=` is what the reader knows, so that it learns of what was withdrawn meanwhile. */
  accept(request: Request, streamId: string, actor: Actor | null): Response {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const { searchParams } = new URL(request.url);
    this.#context.acceptWebSocket(server, [tag]);
    this.#set(server, { streamId, actor, phase: "catchingUp" });
    // A socket that is closed before its response has gone out stays half open until the object sleeps.
    void scheduler.wait(0).then(() => this.#begin(server, streamId, searchParams));
    return new Response(null, { status: 101, webSocket: client });
  }

  #begin(socket: WebSocket, streamId: string, query: URLSearchParams): void {
    const info = this.#reads.info(streamId);
    if (!info) {
      this.#end(socket, closeCodes.notFound, "There is no stream of this id.");
      return;
    }
    this.#send(socket, { t: "stream", info });
    const offset = integerOr(query.get("offset"), info.start);
    const generation = integerOr(query.get("generation"), info.generation);
    if (generation === info.generation) this.#pump(socket, info, offset);
    else this.#resync(socket, info);
  }

  /** A reader asks for more. Anything else it says ends the connection. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    try {
      const offset = pulledOffset(message);
      const info = this.#reads.info(attachment.streamId);
      if (info) this.#pump(socket, info, offset);
      else this.#end(socket, closeCodes.gone, "The stream was deleted.");
    } catch (thrown) {
      this.#end(socket, closeCodes.protocolError, SessileError.from(thrown).message);
    }
  }

  left(socket: WebSocket): void {
    this.#attachments.delete(socket);
  }

  closeAll(reason: string): void {
    for (const socket of [...this.#attachments.keys()]) this.#end(socket, closeCodes.restart, reason);
  }

  /** Whoever may no longer read gets no more. */
  closeUnless(mayStay: (actor: Actor | null) => boolean, code: number, reason: string): void {
    for (const [socket, { actor }] of [...this.#attachments])
      if (!mayStay(actor)) this.#end(socket, code, reason);
  }

  /** What has just become visible. */
  shown(commits: readonly StoredCommit[]): void {
    if (this.#attachments.size === 0) return;
    for (const { body } of commits) {
      if (!body.includes('"type":"stream.')) continue;
      const { events } = JSON.parse(body) as Commit;
      for (const { type, payload } of events) this.#tell(type, payload as unknown as { streamId?: string });
    }
  }

  #tell(type: string, payload: { readonly streamId?: string; readonly stream?: StreamInfo }): void {
    const streamId = payload.streamId ?? payload.stream?.streamId;
    const readers = [...this.#attachments].filter(([, attachment]) => attachment.streamId === streamId);
    if (streamId === undefined || readers.length === 0) return;
    if (type === "stream.segment") {
      const { at, to, chunks = [] } = payload as StreamSegment;
      this.#broadcast(readers, JSON.stringify({ t: "chunks", at, to, chunks } satisfies StreamFrame), to);
      return;
    }
    const info = this.#reads.info(streamId);
    for (const [socket, { phase }] of readers) {
      if (!info || type === "stream.deleted") this.#end(socket, closeCodes.gone, "The stream was deleted.");
      else if (type === "stream.cleaned" || type === "stream.reset") this.#resync(socket, info);
      else if (phase === "live" && !isOpen(info)) this.#finish(socket, info);
      else if (type !== "stream.opened") this.#send(socket, { t: "stream", info });
    }
  }

  #broadcast(readers: readonly (readonly [WebSocket, Attachment])[], text: string, tail: number): void {
    for (const [socket, attachment] of readers) {
      if (attachment.phase !== "live") continue;
      if (this.#isSlow(socket)) {
        this.#set(socket, { ...attachment, phase: "catchingUp" });
        this.#send(socket, { t: "behind", tail });
      } else this.#sendText(socket, text);
    }
  }

  #resync(socket: WebSocket, info: StreamInfo): void {
    const { generation, start } = info;
    this.#send(socket, { t: "resync", generation, offset: start });
    this.#pump(socket, info, start);
  }

  /** Sends history as far as the reader takes it; the last of it makes it live in the same turn, so that nothing can come between. */
  #pump(socket: WebSocket, info: StreamInfo, offset: number): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    this.#set(socket, { ...attachment, phase: "catchingUp" });
    for (let from = offset; ; ) {
      const batch = this.#reads.read(info, from);
      if (batch instanceof Promise) {
        void this.#sendArchived(socket, info, batch);
        return;
      }
      const waits = batch.more && this.#isSlow(socket);
      this.#sendBatch(socket, batch, waits);
      if (waits) return;
      if (!batch.more) break;
      from = batch.next;
    }
    if (isOpen(info)) this.#set(socket, { ...attachment, phase: "live" });
    else this.#finish(socket, info);
  }

  /** Takes time to get, and is never the last of a stream: the reader asks on. */
  async #sendArchived(socket: WebSocket, info: StreamInfo, reading: Promise<StreamBatch>): Promise<void> {
    try {
      const batch = await reading;
      if (batch.pages.length > 0) this.#sendBatch(socket, batch, true);
      else this.#pump(socket, this.#reads.info(info.streamId) ?? info, batch.next);
    } catch {
      this.#end(socket, closeCodes.restart, "The stream's archive cannot be read now.");
    }
  }

  #sendBatch(socket: WebSocket, { pages }: StreamBatch, asksMore: boolean): void {
    for (const [index, page] of pages.entries()) {
      const isLast = asksMore && index === pages.length - 1;
      this.#send(socket, { t: "chunks", ...page, ...(isLast ? { more: true } : {}) });
    }
  }

  /** Everything of a closed stream has been sent. */
  #finish(socket: WebSocket, { output, error }: StreamInfo): void {
    if (error) this.#send(socket, { t: "fail", error });
    else this.#send(socket, { t: "end", output });
    this.#end(socket, error ? 1011 : 1000, error?.message ?? "The stream has ended.");
  }

  #end(socket: WebSocket, code: number, reason: string): void {
    this.#attachments.delete(socket);
    close(socket, code, reason);
  }

  /** The more readers there are, the less may wait for each: together they hold no more than the object can bear. */
  #isSlow(socket: WebSocket): boolean {
    const share = Math.max(leastShareBytes, this.#limits.maxStreamBufferedBytes / Math.max(1, this.size));
    const { bufferedAmount = 0 } = socket as WebSocket & { readonly bufferedAmount?: number };
    return bufferedAmount > share;
  }

  #send(socket: WebSocket, frame: StreamFrame): void {
    this.#sendText(socket, JSON.stringify(frame));
  }

  #sendText(socket: WebSocket, text: string): void {
    try {
      socket.send(text);
    } catch {
      this.#attachments.delete(socket);
    }
  }

  #set(socket: WebSocket, attachment: Attachment): void {
    const known = this.#attachments.get(socket);
    this.#attachments.set(socket, attachment);
    if (known?.phase !== attachment.phase) socket.serializeAttachment(attachment);
  }
}

/** @throws SessileError `bad_request` for anything but `{"t":"pull","offset":n}` */
function pulledOffset(message: string | ArrayBuffer): number {
  const frame =
    typeof message === "string" ? parseJson(message, { maxChars: 256, maxDepth: 2 }, "frame") : null;
  const { t, offset } = (frame ?? {}) as { readonly t?: Json; readonly offset?: Json };
  if (t === "pull" && Number.isSafeInteger(offset) && (offset as number) >= 0) return offset as number;
  throw new SessileError("bad_request", 'A reader of a stream says nothing but {"t":"pull","offset":n}.');
}

/** Addresses are checked in the worker; what is no number there never comes here. */
function integerOr(text: string | null, otherwise: number): number {
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
