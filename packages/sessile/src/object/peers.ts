import { mayHold, type StoredCommit } from "../kernel/index.ts";
import type { Action } from "../protocol/access.ts";
import { closeCodes } from "../protocol/close-code.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor, Commit } from "../protocol/event.ts";
import type { Peer, ServerFrame } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import { shortFrameOf } from "../protocol/short-frame.ts";
import { withoutChunks } from "../protocol/stream.ts";
import { bufferedBytes } from "./buffered-bytes.ts";
import { closeSocket } from "./close-socket.ts";

/**
 * Where a connected peer stands. `greeting`: no hello yet. `catchingUp`: reads pages, gets no live commits.
 * `live`: has everything, gets each commit. `sending`: wants outcomes only.
 */
export type PeerPhase = "greeting" | "catchingUp" | "live" | "sending";

/** What survives hibernation with the socket; kept far below the platform's 16,384 bytes. */
export interface ConnectedPeer {
  readonly peerId: string;
  readonly actor: Actor | null;
  readonly phase: PeerPhase;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** What the worker's authorizer let it do when it connected. Absent: everything. */
  readonly rights?: readonly Action[];
  /** Salted hash of the address it comes from. */
  readonly client?: string;
  /** Whether it reads short frames. */
  readonly short?: true;
  /** Its place in the session's call. */
  readonly voice?: VoicePlace;
  /** The session has ended the connection, and the other side has not answered yet. */
  readonly isLeaving?: true;
}

export interface VoicePlace {
  readonly track: number;
  /** When the call began, in milliseconds since 1970; null: nobody who may talk has joined yet. */
  readonly startedAt: number | null;
}

const tag = "sessile.v1";
const maxListedPeers = 50;
const helloWithinMs = 30_000;

/**
 * The sockets of this protocol. Phases live in attachments, and a copy in memory because reading attachments costs. A socket that
 * the session has closed is a peer no more, though frames of its may still be under way: taking those would bring its sender's
 * commands out of their order.
 */
export class Peers {
  readonly #context: DurableObjectState;
  readonly #limits: Limits;
  readonly #attachments = new Map<WebSocket, ConnectedPeer>();
  /** Closed by the session, and known until the other side has answered. */
  readonly #leaving = new Map<WebSocket, ConnectedPeer>();

  constructor(context: DurableObjectState, limits: Limits) {
    this.#context = context;
    this.#limits = limits;
    for (const socket of context.getWebSockets(tag)) {
      const attachment = socket.deserializeAttachment() as ConnectedPeer | null;
      if (attachment) (attachment.isLeaving ? this.#leaving : this.#attachments).set(socket, attachment);
    }
  }

  get sockets(): readonly WebSocket[] {
    return [...this.#attachments.keys()];
  }

  /**
   * @param others sockets of other protocols
   * @throws SessileError `overloaded`
   */
  assertRoom(now: number, others: number): void {
    this.#dropSilent(now);
    const { maxPeers } = this.#limits;
    if (this.#attachments.size + others < maxPeers) return;
    throw new SessileError("overloaded", `At most ${maxPeers} sockets may be open to one session.`, {
      limit: "maxPeers",
      retryAfterMs: 5000,
    });
  }

  accept(socket: WebSocket, peer: Peer & Pick<ConnectedPeer, "rights" | "client">, now: number): void {
    this.#context.acceptWebSocket(socket, [tag]);
    this.#set(socket, { ...peer, phase: "greeting", since: now });
  }

  /** Whoever connects without a word goes when the next one comes: a timer for it would keep the object awake. */
  #dropSilent(now: number): void {
    for (const [socket, { phase, since }] of this.#attachments) {
      if (phase === "greeting" && now - since >= helloWithinMs)
        this.end(socket, closeCodes.helloTimeout, "Hello came too late.");
    }
  }

  get(socket: WebSocket): ConnectedPeer | null {
    return this.#attachments.get(socket) ?? null;
  }

  /** It has said hello. */
  greeted(socket: WebSocket, phase: PeerPhase, readsShort: boolean): void {
    const attachment = this.#attachments.get(socket);
    if (attachment) this.#set(socket, { ...attachment, phase, ...(readsShort ? { short: true } : {}) });
  }

  setPhase(socket: WebSocket, phase: PeerPhase): void {
    const attachment = this.#attachments.get(socket);
    if (attachment && attachment.phase !== phase) this.#set(socket, { ...attachment, phase });
  }

  /** The sockets that are in the session's call, as they were when the object went to sleep. */
  inVoice(): readonly WebSocket[] {
    return this.sockets.filter((socket) => this.get(socket)?.voice);
  }

  setVoice(socket: WebSocket, place: VoicePlace | null): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    const { voice: _left, ...others } = attachment;
    this.#set(socket, place ? { ...others, voice: place } : others);
  }

  /** The connection is over. @returns who it was, once */
  left(socket: WebSocket): ConnectedPeer | null {
    const attachment = this.#attachments.get(socket) ?? this.#leaving.get(socket) ?? null;
    this.#attachments.delete(socket);
    this.#leaving.delete(socket);
    return attachment;
  }

  /** Ends a connection. Nothing that still arrives on it is taken, also after a hibernation. */
  end(socket: WebSocket, code: number, reason: string): void {
    const attachment = this.#attachments.get(socket);
    if (!attachment) return;
    this.#leave(socket, attachment);
    closeSocket(socket, code, reason);
  }

  /** Ends a connection with the error that says why, and when to come back. */
  fail(socket: WebSocket, error: SessileError, code: number): void {
    this.send(socket, { t: "error", error: error.toWire() });
    this.end(socket, code, error.message);
  }

  send(socket: WebSocket, frame: ServerFrame): void {
    this.sendText(socket, JSON.stringify(frame));
  }

  /** Sending to a socket that has just closed is no error: its client resumes. */
  sendText(socket: WebSocket, text: string): void {
    try {
      socket.send(text);
    } catch {
      this.end(socket, closeCodes.restart, "It is closed already.");
    }
  }

  /** Audio is worth nothing later: a socket that has too much waiting does without. */
  sendAudio(socket: WebSocket, frame: Uint8Array): void {
    if (bufferedBytes(socket) > this.#limits.maxAudioBufferedBytes) return;
    try {
      socket.send(frame);
    } catch {
      this.end(socket, closeCodes.restart, "It is closed already.");
    }
  }

  /**
   * One frame per peer per commit, or per batch of them: the stored body without the chunks of streams, in front of the peer's own outcomes if it has any. A peer
   * whose socket has more waiting than allowed is told that it is behind, and catches up from the log when it reads on.
   *
   * @param createdAt of the session
   */
  broadcast(commits: readonly StoredCommit[], acks: ReadonlyMap<WebSocket, string>, createdAt: number): void {
    if (this.#attachments.size === 0) return;
    const last = commits.at(-1);
    const body = bodyOf(commits);
    const shared = last ? `{"t":"commit",${body}}` : "";
    const short = shortTextOf(commits, createdAt) ?? shared;
    for (const [socket, attachment] of this.#attachments) {
      const own = acks.get(socket);
      const live = last !== undefined && attachment.phase === "live";
      if (!live) {
        if (own !== undefined) this.sendText(socket, `{"t":"commit","acks":${own}}`);
      } else if (this.#isSlow(socket)) {
        this.setPhase(socket, "catchingUp");
        if (own !== undefined) this.sendText(socket, `{"t":"commit","acks":${own}}`);
        this.send(socket, { t: "behind", lastSeq: last.lastSeq });
      } else {
        this.sendText(
          socket,
          own === undefined ? (attachment.short ? short : shared) : `{"t":"commit",${body},"acks":${own}}`,
        );
      }
    }
  }

  /** To everyone who has said hello, except one. */
  relay(frame: ServerFrame, except: WebSocket | null): void {
    const text = JSON.stringify(frame);
    for (const [socket, { phase }] of this.#attachments) {
      if (socket !== except && (phase === "live" || phase === "catchingUp") && !this.#isSlow(socket))
        this.sendText(socket, text);
    }
  }

  /** To one person's own peers that follow the session. */
  sendTo(actorId: string, frame: ServerFrame): void {
    const text = JSON.stringify(frame);
    for (const [socket, { phase, actor }] of this.#attachments) {
      if (actor?.id === actorId && (phase === "live" || phase === "catchingUp")) this.sendText(socket, text);
    }
  }

  /** @param others who is connected in another protocol */
  presence(others: readonly Peer[]): { readonly count: number; readonly peers: readonly Peer[] } {
    const present: Peer[] = others.slice(0, maxListedPeers).map(({ peerId, actor }) => ({ peerId, actor }));
    let count = others.length;
    for (const { peerId, actor, phase } of this.#attachments.values()) {
      if (phase === "greeting" || phase === "sending") continue;
      count += 1;
      if (present.length < maxListedPeers) present.push({ peerId, actor });
    }
    return { count, peers: present };
  }

  /** Of those for whom the session is no longer there: they get the outcomes of their commands, and nothing else. */
  muteUnless(mayStay: (actor: Actor | null) => boolean): void {
    for (const [socket, { actor }] of this.#attachments)
      if (!mayStay(actor)) this.setPhase(socket, "sending");
  }

  /** Closes the sockets of those for whom the session is no longer there. */
  closeUnless(mayStay: (actor: Actor | null) => boolean, code: number, reason: string): void {
    for (const [socket, { actor }] of this.#attachments) if (!mayStay(actor)) this.end(socket, code, reason);
  }

  closeAll(reason: string): void {
    for (const socket of this.#attachments.keys()) this.end(socket, closeCodes.restart, reason);
  }

  /**
   * Whoever asks on and does not read what it is answered would fill the memory.
   *
   * @throws SessileError `overloaded`, which ends the connection
   */
  assertReads(socket: WebSocket): void {
    if (bufferedBytes(socket) <= 2 * this.#limits.maxPeerBufferedBytes) return;
    throw new SessileError("overloaded", "Read what was sent before you ask for more.", {
      limit: "maxPeerBufferedBytes",
      retryAfterMs: 1000,
    });
  }

  #isSlow(socket: WebSocket): boolean {
    return bufferedBytes(socket) > this.#limits.maxPeerBufferedBytes;
  }

  #leave(socket: WebSocket, attachment: ConnectedPeer): void {
    const leaving: ConnectedPeer = { ...attachment, isLeaving: true };
    this.#attachments.delete(socket);
    this.#leaving.set(socket, leaving);
    socket.serializeAttachment(leaving);
  }

  #set(socket: WebSocket, attachment: ConnectedPeer): void {
    socket.serializeAttachment(attachment);
    this.#attachments.set(socket, attachment);
  }
}

/** Of a longer commit the envelope is a small part. */
const maxShortChars = 4096;

function shortTextOf(commits: readonly StoredCommit[], createdAt: number): string | null {
  const [stored, another] = commits;
  if (!stored || another || stored.firstSeq !== stored.lastSeq || stored.body.length > maxShortChars)
    return null;
  if (!mayHold(stored, "state.changed")) return null;
  const frame = shortFrameOf(JSON.parse(stored.body) as Commit, createdAt);
  return frame && JSON.stringify(frame);
}

function bodyOf(commits: readonly StoredCommit[]): string {
  const [only, another] = commits;
  if (only && !another) return `"commit":${shownBody(only)}`;
  return `"commits":[${commits.map(shownBody).join(",")}]`;
}

/** A commit as peers get it: the chunks of a stream go to those who read the stream. */
export function shownBody(stored: StoredCommit): string {
  return mayHold(stored, "stream.segment") ? withoutChunks(stored.body) : stored.body;
}
