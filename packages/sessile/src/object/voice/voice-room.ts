import { audioBytesPerMs, stampAudioFrame } from "../../protocol/audio-frame.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Limits } from "../../protocol/limits.ts";
import { type TokenBucket, takeTokens } from "../../protocol/token-bucket.ts";
import type { VoiceNotice, VoiceParticipant } from "../../protocol/voice.ts";
import type { Clock } from "../clock.ts";
import type { Peers } from "../peers.ts";

interface Member {
  readonly participant: VoiceParticipant;
  bucket: TokenBucket | undefined;
  /** Where its audio has got to, in milliseconds since the call began. */
  endMs: number;
}

/** Who is in the call, and audio from each to the others. Places are kept with the sockets, so that they outlast sleep. */
export class VoiceRoom {
  readonly #peers: Peers;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #members = new Map<WebSocket, Member>();
  /** Milliseconds since 1970; null: nobody who may talk has joined yet. */
  #startedAt: number | null = null;
  /** Whose audio is dropped, and why, so that it is told once in a row. */
  readonly #dropping = new WeakMap<WebSocket, string>();

  constructor(peers: Peers, limits: Limits, clock: Clock) {
    this.#peers = peers;
    this.#limits = limits;
    this.#clock = clock;
    for (const socket of peers.inVoice()) {
      const peer = peers.get(socket);
      if (!peer?.voice || !peer.actor) continue;
      this.#add(socket, peer.peerId, peer.actor, peer.voice.track);
      this.#startedAt ??= peer.voice.startedAt;
    }
  }

  get size(): number {
    return this.#members.size;
  }

  /** Milliseconds since the call began; null if there is none. */
  offsetMs(): number | null {
    return this.#startedAt === null ? null : Math.max(0, this.#clock.now() - this.#startedAt);
  }

  /** @param begin begins a call, unless there is one; null for who only listens @throws SessileError `overloaded` */
  enter(socket: WebSocket, actor: Actor, begin: (() => number) | null): void {
    const peer = this.#peers.get(socket);
    if (!peer) return;
    if (this.#members.has(socket)) {
      this.#state(socket);
      return;
    }
    const { maxVoiceParticipants } = this.#limits;
    if (this.#members.size >= maxVoiceParticipants)
      throw new SessileError("overloaded", `At most ${maxVoiceParticipants} take part in a call.`, {
        limit: "maxVoiceParticipants",
        retryAfterMs: 5000,
      });
    const begins = this.#startedAt === null && begin !== null;
    if (begins) this.#startedAt = begin();
    this.#add(socket, peer.peerId, actor, this.#freeTrack());
    for (const [each, { participant }] of this.#members)
      if (begins || each === socket)
        this.#peers.setVoice(each, { track: participant.track, startedAt: this.#startedAt });
    this.#announce();
  }

  /** @returns whether it was in the room */
  leave(socket: WebSocket): boolean {
    if (!this.#members.delete(socket)) return false;
    if (this.#members.size === 0) this.#startedAt = null;
    this.#peers.setVoice(socket, null);
    this.#state(socket);
    this.#announce();
    return true;
  }

  close(): void {
    const sockets = [...this.#members.keys()];
    this.#members.clear();
    this.#startedAt = null;
    for (const socket of sockets) {
      this.#peers.setVoice(socket, null);
      this.#state(socket);
    }
  }

  /** Stamps a frame and relays it. @returns its offset, or null if it was dropped */
  pass(socket: WebSocket, frame: Uint8Array, pcmBytes: number, mayWrite: boolean): number | null {
    const member = this.#members.get(socket);
    const elapsedMs = this.offsetMs();
    const dropped = this.#refusalOf(elapsedMs === null ? undefined : member, pcmBytes, mayWrite);
    if (dropped || !member || elapsedMs === null) {
      if (dropped && this.#dropping.get(socket) !== dropped.code) {
        this.#dropping.set(socket, dropped.code);
        this.tell(socket, { about: "audio", error: dropped.toWire() });
      }
      return null;
    }
    this.#dropping.delete(socket);
    const durationMs = pcmBytes / audioBytesPerMs;
    // Frames that a network held up come all at once: each begins where the one before it ended.
    const offsetMs = Math.max(0, Math.floor(member.endMs), Math.floor(elapsedMs - durationMs));
    member.endMs = offsetMs + durationMs;
    stampAudioFrame(frame, { track: member.participant.track, offsetMs });
    this.relay(frame, socket);
    return offsetMs;
  }

  relay(frame: Uint8Array, except: WebSocket | null): void {
    for (const socket of this.#members.keys())
      if (socket !== except && this.#peers.get(socket)) this.#peers.sendAudio(socket, frame);
  }

  /** To one socket, in the room or not. */
  tell(socket: WebSocket, notice: VoiceNotice): void {
    this.#state(socket, notice);
  }

  /** How it stands for one socket, in the room or not. */
  answer(socket: WebSocket): void {
    this.#state(socket);
  }

  tellAll(notice: VoiceNotice): void {
    for (const socket of this.#members.keys()) this.#state(socket, notice);
  }

  #refusalOf(member: Member | undefined, pcmBytes: number, mayWrite: boolean): SessileError | null {
    if (!mayWrite) return new SessileError("forbidden", "You may listen here, not talk.");
    if (!member) return new SessileError("conflict", "Join the call before you send audio.");
    const { audioRate } = this.#limits;
    const { bucket, taken, retryAfterMs } = takeTokens(member.bucket, audioRate, this.#clock.now(), pcmBytes);
    member.bucket = bucket;
    if (taken) return null;
    return new SessileError("rate_limited", "Audio comes faster than it is heard.", {
      limit: "audioRate",
      retryAfterMs,
    });
  }

  #add(socket: WebSocket, peerId: string, actor: Actor, track: number): void {
    this.#members.set(socket, { participant: { track, peerId, actor }, bucket: undefined, endMs: 0 });
  }

  /** Tracks begin at 1: 0 is the session's own. */
  #freeTrack(): number {
    const taken = new Set([...this.#members.values()].map(({ participant }) => participant.track));
    let track = 1;
    while (taken.has(track)) track += 1;
    return track;
  }

  #announce(): void {
    for (const socket of this.#members.keys()) this.#state(socket);
  }

  #state(socket: WebSocket, notice?: VoiceNotice): void {
    if (!this.#peers.get(socket)) return;
    const own = this.#members.get(socket);
    this.#peers.send(socket, {
      t: "voice",
      track: own?.participant.track ?? null,
      startedAt: own ? this.#startedAt : null,
      participants: own ? [...this.#members.values()].map(({ participant }) => participant) : [],
      ...(notice ? { notice } : {}),
    });
  }
}
