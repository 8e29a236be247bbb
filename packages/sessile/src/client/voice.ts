import {
  AudioCutter,
  decodeAudioFrame,
  encodeAudioFrame,
  SessileError,
  sessionTrack,
  type VoiceFrame,
  type VoiceNotice,
  type VoiceParticipant,
} from "../protocol/index.ts";
import type { Clock, TransportName } from "./environment.ts";
import { Listeners } from "./listeners.ts";

/** A stretch of somebody's audio. */
export interface HeardAudio {
  /** Null: the session itself. */
  readonly from: VoiceParticipant | null;
  /** Rises by one from frame to frame; a gap is audio that was dropped. */
  readonly sequence: number;
  /** Milliseconds since the call began. */
  readonly offsetMs: number;
  /** 16 kHz mono. */
  readonly pcm: Int16Array;
}

/** The call as this client knows it. */
export interface VoiceCall {
  /** One's own track; null: not in the call. */
  readonly track: number | null;
  /** Milliseconds since 1970. */
  readonly startedAt: number | null;
  readonly participants: readonly VoiceParticipant[];
}

/** What the client's voice needs of its connection. */
export interface VoiceLink {
  readonly isAttached: () => boolean;
  /** "shared": one with other tabs. */
  readonly transport: () => TransportName | "shared";
  readonly send: (data: string | Uint8Array<ArrayBuffer>) => void;
  readonly clock: Clock;
  /** Why the client is closed, or null. */
  readonly closed: () => SessileError | null;
}

/** Until a refusal that does not last is asked about again, unless it says when. */
const retryMs = 1000;
const notIn: VoiceCall = { track: null, startedAt: null, participants: [] };

/** Talking in a session, for those who are signed in. Once joined, a client stays in the call through reconnects until it leaves. */
export class SessionVoice {
  readonly #link: VoiceLink;
  readonly #audio = new Listeners<HeardAudio>();
  readonly #notices = new Listeners<VoiceNotice>();
  readonly #calls = new Listeners<VoiceCall>();
  #call = notIn;
  #isWanted = false;
  /** Leaves that the server has not answered. */
  #leaving = 0;
  #retry: unknown;
  #cutter = new AudioCutter();
  #sequence = 0;
  #joining: {
    readonly resolve: (call: VoiceCall) => void;
    readonly reject: (error: SessileError) => void;
  }[] = [];

  constructor(link: VoiceLink) {
    this.#link = link;
  }

  get call(): VoiceCall {
    return this.#call;
  }

  /**
   * Joins the session's call; whoever may only read listens. Resolves once others hear and are heard.
   *
   * @throws SessileError `rejected` over a transport without audio, `unauthenticated`, `forbidden`, `overloaded`,
   *   `rate_limited`, `not_writable`
   */
  readonly join = async (): Promise<VoiceCall> => {
    const closed = this.#link.closed();
    if (closed) throw closed;
    this.#assertAudio();
    if (this.#call.track !== null) return this.#call;
    const joined = new Promise<VoiceCall>((resolve, reject) => this.#joining.push({ resolve, reject }));
    if (!this.#isWanted) {
      this.#isWanted = true;
      if (this.#link.isAttached()) this.#ask(true);
    }
    return joined;
  };

  readonly leave = (): void => {
    this.#sendRest();
    if (this.#isWanted && this.#link.isAttached()) {
      this.#ask(false);
      this.#leaving += 1;
    }
    this.#unwant();
    this.#reject(new SessileError("conflict", "The client left the call before it had joined."));
    this.#set(notIn);
  };

  /**
   * Sends 16 kHz mono PCM, in pieces of any length; what does not fill a frame yet waits for more. `end` sends it now, followed
   * by silence.
   *
   * @returns false if this client is not in the call, in which case the audio is gone
   */
  readonly send = (pcm: Int16Array, options: { readonly end?: boolean } = {}): boolean => {
    if (this.#call.track === null || !this.#link.isAttached()) return false;
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    for (const piece of this.#cutter.push(bytes)) this.#sendPiece(piece);
    if (options.end) this.#sendRest();
    return true;
  };

  /** Returns a function that stops it, as the others do. */
  readonly onAudio = (listener: (audio: HeardAudio) => void): (() => void) => this.#audio.add(listener);

  /** Audio is dropped, transcripts or speech fail: text goes on. */
  readonly onNotice = (listener: (notice: VoiceNotice) => void): (() => void) => this.#notices.add(listener);

  /** Who is in the call has changed. */
  readonly onCall = (listener: (call: VoiceCall) => void): (() => void) => this.#calls.add(listener);

  /** The connection carries frames again. @internal */
  attached(): void {
    if (!this.#isWanted) return;
    try {
      this.#assertAudio();
    } catch (thrown) {
      this.#refused({ about: "room", error: SessileError.from(thrown).toWire() });
      return;
    }
    this.#ask(true);
  }

  /** @internal */
  detached(): void {
    this.#link.clock.clearTimeout(this.#retry);
    this.#leaving = 0;
    this.#cutter = new AudioCutter();
    this.#set(notIn);
  }

  /** @internal */
  finished(error: SessileError): void {
    this.#unwant();
    this.#reject(error);
    this.#set(notIn);
  }

  /** @internal */
  took({ track, startedAt, participants, notice }: VoiceFrame): void {
    if (!this.#isWanted && track !== null) return;
    if (notice?.about === "room" && track === null) this.#refused(notice);
    else if (notice) this.#notices.emit(notice);
    const wasIn = this.#call.track !== null;
    this.#set(track === null ? notIn : { track, startedAt, participants });
    if (track !== null) {
      for (const { resolve } of this.#joining.splice(0)) resolve(this.#call);
    } else if (!notice) this.#putOut(wasIn);
  }

  /** A binary frame. One of a version this client does not know is passed over. @internal */
  heard(data: ArrayBuffer): void {
    try {
      const frame = decodeAudioFrame(new Uint8Array(data), bounds);
      const { track, sequence, offsetMs, pcm } = frame;
      const from = this.#call.participants.find((one) => one.track === track) ?? null;
      if (from === null && track !== sessionTrack) return;
      const samples = new Int16Array(pcm.buffer as ArrayBuffer, pcm.byteOffset, pcm.byteLength / 2);
      this.#audio.emit({ from, sequence, offsetMs, pcm: samples });
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) throw thrown;
    }
  }

  #assertAudio(): void {
    const transport = this.#link.transport();
    if (transport === "websocket") return;
    throw new SessileError("rejected", `Voice needs a WebSocket of its own; this client's is ${transport}.`, {
      field: "transport",
    });
  }

  /** The server says that this client is not in the call, or not any more. */
  #putOut(wasIn: boolean): void {
    if (this.#leaving > 0) {
      this.#leaving -= 1;
      // It had joined again before the answer to its leaving came. Whether that was answered nobody knows.
      if (wasIn) this.#ask(true);
    } else if (wasIn) this.#unwant();
  }

  #refused(notice: VoiceNotice): void {
    const error = SessileError.fromWire(notice.error);
    const wasJoining = this.#joining.length > 0;
    const mayRetry = this.#isWanted && !wasJoining && error.retryable;
    this.#unwant();
    this.#reject(error);
    if (wasJoining) return;
    // Nobody waits for an answer after a reconnect.
    if (mayRetry) {
      this.#isWanted = true;
      const { retryAfterMs = retryMs } = error.details;
      this.#retry = this.#link.clock.setTimeout(() => this.#ask(true), retryAfterMs);
    }
    this.#notices.emit(notice);
  }

  #unwant(): void {
    this.#isWanted = false;
    this.#link.clock.clearTimeout(this.#retry);
  }

  #reject(error: SessileError): void {
    for (const { reject } of this.#joining.splice(0)) reject(error);
  }

  #ask(join: boolean): void {
    this.#link.send(JSON.stringify({ t: "voice", join }));
  }

  #sendRest(): void {
    const rest = this.#cutter.flush();
    if (rest && this.#call.track !== null && this.#link.isAttached()) this.#sendPiece(rest);
  }

  #sendPiece(pcm: Uint8Array): void {
    this.#link.send(encodeAudioFrame({ track: 0, sequence: this.#sequence, offsetMs: 0, pcm }));
    this.#sequence += 1;
  }

  #set(call: VoiceCall): void {
    if (call === this.#call) return;
    this.#call = call;
    this.#calls.emit(call);
  }
}

/** A server may allow more than ours does: what it relays is heard. */
const bounds = { minAudioFrameMs: 0, maxAudioFrameMs: Number.POSITIVE_INFINITY };
