import { DurableObject } from "cloudflare:workers";
import { closeCodes } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { defaultLimits, type Limits } from "../../protocol/limits.ts";
import { type RelayAddress, relayAddress, relayName } from "../../protocol/relay-address.ts";
import { actorHeader, type SessionReply } from "../../protocol/request.ts";
import { relayHeader, type StreamReplies, streamHeader } from "../../protocol/stream-request.ts";
import { answerClose } from "../answer-close.ts";
import { platformClock } from "../clock.ts";
import { closeSocket } from "../close-socket.ts";
import { actorFrom, refuseFetch } from "../upgrade.ts";
import { RelayFeed } from "./relay-feed.ts";
import { opened } from "./stream-relays.ts";
import { StreamSockets } from "./stream-sockets.ts";

/** What is used of the stub of an object that keeps streams. */
interface OriginStub {
  handleSessionRequest(
    request: object,
    caller: { readonly actor: Actor | null },
  ): Promise<SessionReply<"stream">>;
  fetch(request: Request): Promise<Response>;
}

interface RelayParts {
  readonly feed: RelayFeed;
  readonly sockets: StreamSockets;
  readonly address: RelayAddress;
}

/** How often a relay that has readers looks whether it is still connected: nothing else would wake an instance that took over. */
const watchMs = 30_000;

/**
 * Serves readers of one stream for an object that has as many as it takes. It holds one connection to the object above it, and
 * nothing on disk: an instance that takes over asks its readers where they are.
 */
export class StreamRelay extends DurableObject {
  readonly limits: Partial<Pick<Limits, "maxStreamReaders" | "maxStreamBufferedBytes">> = {};
  #parts: RelayParts | null = null;
  /** Readers that are being let in. */
  #arriving = 0;

  override async fetch(request: Request): Promise<Response> {
    this.#arriving += 1;
    try {
      const { feed, sockets, address } = this.#live();
      const actor = actorFrom(request);
      await feed.connected(actor);
      if (sockets.size === 0) await this.ctx.storage.setAlarm(Date.now() + watchMs);
      return sockets.accept(request, address.streamId, actor);
    } catch (thrown) {
      return refuseFetch(request, SessileError.from(thrown));
    } finally {
      this.#arriving -= 1;
      void this.#parts?.feed.leaveUnlessUsed();
    }
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const { feed, sockets } = this.#live();
    try {
      if (!feed.info()) await feed.connected(sockets.anyActor);
      sockets.receive(socket, message);
    } catch (thrown) {
      sockets.left(socket);
      closeSocket(socket, closeCodes.restart, SessileError.from(thrown).message);
    }
  }

  override webSocketClose(socket: WebSocket, code: number): Promise<void> {
    const left = this.#left(socket);
    answerClose(socket, code);
    return left;
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.#left(socket);
  }

  override async alarm(): Promise<void> {
    const { sockets, feed } = this.#live();
    if (sockets.size === 0) return feed.leaveUnlessUsed();
    await feed.connected(sockets.anyActor).catch(() => undefined);
    await this.ctx.storage.setAlarm(Date.now() + watchMs);
  }

  #left(socket: WebSocket): Promise<void> {
    const { feed, sockets } = this.#live();
    sockets.left(socket);
    return feed.leaveUnlessUsed();
  }

  /** Made late, because a subclass's limits are set after the constructor. */
  #live(): RelayParts {
    if (this.#parts) return this.#parts;
    const limits = { ...defaultLimits, ...this.limits };
    const address = relayAddress(this.ctx.id.name ?? "[]");
    const cacheShare = 4;
    const feed: RelayFeed = new RelayFeed({
      streamId: address.streamId,
      clock: platformClock,
      maxCacheChars: limits.maxStreamBufferedBytes / cacheShare,
      sockets: () => sockets,
      isUsed: () => this.#arriving + sockets.size > 0,
      connect: (actor, search) => this.#connect(address, actor, search),
      read: (actor, offset) => this.#read(address, actor, offset),
    });
    const buffered = limits.maxStreamBufferedBytes * (1 - 1 / cacheShare);
    const sockets: StreamSockets = new StreamSockets({
      context: this.ctx,
      shown: feed,
      limits: { ...limits, maxStreamBufferedBytes: buffered },
      clock: platformClock,
    });
    sockets.allBehind();
    this.#parts = { feed, sockets, address };
    return this.#parts;
  }

  async #connect(address: RelayAddress, actor: Actor | null, search: string): Promise<WebSocket> {
    const headers: Record<string, string> = {
      upgrade: "websocket",
      [relayHeader]: "1",
      [streamHeader]: address.streamId,
    };
    if (actor) headers[actorHeader] = encodeURIComponent(JSON.stringify(actor));
    const above = address.path.slice(0, -1);
    const stub =
      above.length === 0 ? this.#origin(address) : this.#relay(relayName({ ...address, path: above }));
    const { webSocket } = await opened(
      await stub.fetch(new Request(`https://stream/${search}`, { headers })),
    );
    return webSocket as WebSocket;
  }

  async #read(
    { streamId, ...address }: RelayAddress,
    actor: Actor | null,
    offset: number,
  ): Promise<StreamReplies["read"]> {
    const request = { op: "stream", streamId, action: { do: "read", offset } };
    const reply = await this.#origin({ streamId, ...address }).handleSessionRequest(request, { actor });
    if (!reply.ok) throw SessileError.fromWire(reply.error);
    return reply.value as StreamReplies["read"];
  }

  #origin({ binding, name, jurisdiction }: RelayAddress): OriginStub {
    return this.#namespace(binding, jurisdiction).getByName(name) as unknown as OriginStub;
  }

  #relay(name: string): OriginStub {
    const { jurisdiction } = relayAddress(name);
    return this.#namespace("SESSILE_RELAY", jurisdiction).getByName(name) as unknown as OriginStub;
  }

  #namespace(binding: string, jurisdiction: string | null): DurableObjectNamespace {
    const namespace = (this.env as Record<string, DurableObjectNamespace | undefined>)[binding];
    if (!namespace) throw new SessileError("unavailable", `The binding ${binding} is missing.`);
    return jurisdiction ? namespace.jurisdiction(jurisdiction as DurableObjectJurisdiction) : namespace;
  }
}
