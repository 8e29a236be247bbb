import type { AgentsServerFrame } from "../../protocol/agents-frame.ts";
import { closeCodes } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Peer } from "../../protocol/frame.ts";
import type { Limits } from "../../protocol/limits.ts";
import { bufferedBytes } from "../buffered-bytes.ts";
import { closeCodeOf } from "../client-frames.ts";
import { closeSocket } from "../close-socket.ts";
import type { Sender } from "../command-intake.ts";

/** What survives hibernation with the socket; kept far below the platform's 16,384 bytes. */
export interface AgentsPeer extends Peer, Sender {
  readonly actor: Actor | null;
  /** Ids of its calls that run beside the commits. */
  readonly calls: readonly string[];
  /** The session has ended the connection, and the other side has not answered yet. */
  readonly isLeaving?: true;
}

const tag = "sessile.agents";
/** Keeps the attachment small. */
const maxRunningCalls = 64;

/** The sockets of Agents SDK clients. */
export class AgentsPeers {
  readonly #context: DurableObjectState;
  readonly #limits: Limits;
  readonly #peers = new Map<WebSocket, AgentsPeer>();
  /** Closed from here; what they still send is not read, also after a hibernation. */
  readonly #leaving = new WeakMap<WebSocket, AgentsPeer>();

  constructor(context: DurableObjectState, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
    for (const socket of context.getWebSockets(tag)) {
      const peer = socket.deserializeAttachment() as AgentsPeer | null;
      if (peer) (peer.isLeaving ? this.#leaving : this.#peers).set(socket, peer);
    }
  }

  get size(): number {
    return this.#peers.size;
  }

  get sockets(): readonly WebSocket[] {
    return [...this.#peers.keys()];
  }

  get all(): readonly AgentsPeer[] {
    return [...this.#peers.values()];
  }

  /** @throws SessileError `overloaded` */
  assertRoom(others: number): void {
    const { maxPeers } = this.#limits;
    if (this.#peers.size + others < maxPeers) return;
    throw new SessileError("overloaded", `At most ${maxPeers} sockets may be open to one session.`, {
      limit: "maxPeers",
      retryAfterMs: 5000,
    });
  }

  accept(socket: WebSocket, peer: Peer & Sender): void {
    this.#context.acceptWebSocket(socket, [tag]);
    this.#set(socket, { ...peer, calls: [] });
  }

  get(socket: WebSocket): AgentsPeer | null {
    return this.#peers.get(socket) ?? null;
  }

  has(socket: WebSocket): boolean {
    return this.#peers.has(socket);
  }

  /** @returns who it was, once */
  left(socket: WebSocket): AgentsPeer | null {
    const peer = this.#peers.get(socket) ?? this.#leaving.get(socket) ?? null;
    this.#peers.delete(socket);
    this.#leaving.delete(socket);
    return peer;
  }

  /** @throws SessileError `overloaded` */
  beginCall(socket: WebSocket, id: string): void {
    const peer = this.#peers.get(socket);
    if (!peer) return;
    if (peer.calls.length >= maxRunningCalls)
      throw new SessileError(
        "overloaded",
        `At most ${maxRunningCalls} calls of one client may run at a time.`,
      );
    this.#set(socket, { ...peer, calls: [...peer.calls, id] });
  }

  endCall(socket: WebSocket, id: string): void {
    const peer = this.#peers.get(socket);
    if (peer) this.#set(socket, { ...peer, calls: peer.calls.filter((call) => call !== id) });
  }

  /** Sending to a socket that has just closed is no error: its client comes back. */
  send(socket: WebSocket, frame: AgentsServerFrame): void {
    this.sendText(socket, JSON.stringify(frame));
  }

  /** Whoever does not read what comes is sent away: its client comes back by itself, to the state as it is then. */
  sendText(socket: WebSocket, text: string): void {
    if (bufferedBytes(socket) > this.#limits.maxPeerBufferedBytes) {
      this.end(socket, closeCodes.restart, "Too much was waiting to be read.");
      return;
    }
    try {
      socket.send(text);
    } catch {
      this.end(socket, closeCodes.restart, "It is closed already.");
    }
  }

  /** These clients know close codes, and no error frames. */
  fail(socket: WebSocket, error: SessileError): void {
    this.end(socket, closeCodeOf(error), error.message);
  }

  /** @returns whether it was one of these */
  end(socket: WebSocket, code: number, reason: string): boolean {
    const peer = this.#peers.get(socket);
    if (!peer) return false;
    const leaving: AgentsPeer = { ...peer, isLeaving: true };
    this.#leaving.set(socket, leaving);
    this.#peers.delete(socket);
    socket.serializeAttachment(leaving);
    closeSocket(socket, code, reason);
    return true;
  }

  closeUnless(mayStay: (actor: Actor | null) => boolean, code: number, reason: string): void {
    for (const [socket, { actor }] of [...this.#peers]) if (!mayStay(actor)) this.end(socket, code, reason);
  }

  closeAll(reason: string): void {
    for (const socket of this.sockets) this.end(socket, closeCodes.restart, reason);
  }

  #set(socket: WebSocket, peer: AgentsPeer): void {
    socket.serializeAttachment(peer);
    this.#peers.set(socket, peer);
  }
}
