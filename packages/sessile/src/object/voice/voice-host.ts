import type { Writer } from "../../kernel/index.ts";
import { decodeAudioFrame, encodeAudioFrame, sessionTrack } from "../../protocol/audio-frame.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { VoiceService } from "../../protocol/voice.ts";
import type { Clock } from "../clock.ts";
import { tierFor } from "../meter/quota-policy.ts";
import type { Peers } from "../peers.ts";
import type { SessionHooks } from "../session-hooks.ts";
import { VoiceRoom } from "./voice-room.ts";
import { type VoiceSettings, voiceTimingOf } from "./voice-settings.ts";
import { VoiceSpeech } from "./voice-speech.ts";
import { VoiceTranscripts } from "./voice-transcripts.ts";

export interface VoiceHostOptions {
  readonly settings: VoiceSettings | null;
  readonly peers: Peers;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly hooks: SessionHooks;
  /** Why commands are not taken now; null if they are. */
  readonly refusal: () => SessileError | null;
  readonly write: <T>(actor: Actor | null, body: (writer: Writer) => T) => T;
  readonly isActive: () => boolean;
  readonly insideCommit: () => boolean;
  /** Resolves when everything committed up to now is shown. */
  readonly shown: () => Promise<void>;
  readonly report: (message: string, thrown: unknown) => void;
}

/**
 * The session's call: who is in it, whose audio goes to whom, and what becomes of it. Audio passes through memory and is
 * neither stored nor logged.
 */
export class VoiceHost {
  readonly #options: VoiceHostOptions;
  readonly #room: VoiceRoom;
  readonly #transcripts: VoiceTranscripts | null;
  readonly #speech: VoiceSpeech;
  readonly #joining = new Set<WebSocket>();
  /** What fails now, so that a failure is told once. */
  readonly #degraded = new Map<VoiceService, SessileError>();
  #spokenFrames = 0;

  constructor(options: VoiceHostOptions) {
    this.#options = options;
    const { settings, peers, limits, clock } = options;
    const timing = voiceTimingOf(settings ?? {});
    this.#room = new VoiceRoom(peers, limits, clock);
    this.#transcripts = settings?.transcriber
      ? new VoiceTranscripts({
          transcriber: settings.transcriber,
          clock,
          timing,
          write: (speaker, transcript, isFinal) => {
            this.#degraded.delete("transcription");
            this.#attempt("A transcript could not be written", () =>
              options.write(speaker, (writer) => writer.writeTranscript(transcript, isFinal)),
            );
          },
          failed: (reason) => this.#degrade("transcription", reason),
        })
      : null;
    this.#speech = new VoiceSpeech({
      synthesizer: settings?.synthesizer ?? null,
      clock,
      timing,
      isHeard: () => this.#room.size > 0,
      send: (pcm) => this.#sendSpoken(pcm),
      failed: (reason) => this.#degrade("speech", reason),
      worked: () => this.#degraded.delete("speech"),
    });
  }

  /** Somebody's wish to come or go. A refusal is told and leaves the connection as it is: text goes on. */
  request(socket: WebSocket, wantsIn: boolean): void {
    if (wantsIn) void this.#join(socket);
    // Every leaving is answered: a client that counts on it would take the next word for it.
    else if (!this.left(socket)) this.#room.answer(socket);
  }

  /** Tells somebody who wants to join that they cannot. */
  refuse(socket: WebSocket, error: SessileError): void {
    this.#room.tell(socket, { about: "room", error: error.toWire() });
  }

  /** Also for a socket that is gone. @returns whether it was in the call */
  left(socket: WebSocket): boolean {
    this.#joining.delete(socket);
    this.#transcripts?.end(socket);
    return this.#room.leave(socket);
  }

  /** The session takes no more writes. */
  closeRoom(): void {
    this.#joining.clear();
    this.#speech.stop();
    this.#transcripts?.endAll();
    this.#room.close();
  }

  /** Another log has taken this one's place. */
  restart(): void {
    this.#transcripts?.restart();
    this.closeRoom();
  }

  /**
   * Audio of one peer for all the others.
   *
   * @throws SessileError for a frame that is none, which ends the connection
   */
  receive(socket: WebSocket, message: ArrayBuffer): void {
    const { settings, limits, peers } = this.#options;
    if (!settings) throw new SessileError("bad_request", "Binary frames are not part of this protocol.");
    const peer = peers.get(socket);
    if (!peer) return;
    if (peer.phase === "greeting")
      throw new SessileError("bad_request", "The first frame must be hello.", { field: "t" });
    const bytes = new Uint8Array(message);
    const { pcm } = decodeAudioFrame(bytes, limits);
    const offsetMs = this.#room.pass(socket, bytes, pcm.byteLength, this.#mayTalk(socket));
    if (offsetMs !== null && peer.actor) this.#transcripts?.hear(socket, peer.actor, pcm, offsetMs);
  }

  /** Writes down what the session says, and says it to whoever is in the call. */
  async say(text: string): Promise<boolean> {
    const { settings, write, shown, insideCommit } = this.#options;
    if (!settings) throw new SessileError("rejected", "This kind of session has no voice.");
    if (insideCommit())
      throw new SessileError(
        "internal",
        "A session speaks in async methods, timers and work, not inside a commit.",
      );
    const offsetMs = this.#room.offsetMs();
    const transcript = {
      utteranceId: crypto.randomUUID(),
      role: "assistant",
      text,
      offsetMs,
      durationMs: null,
    } as const;
    const { turn } = this.#speech;
    write(null, (writer) => writer.writeTranscript(transcript, true));
    // Nobody may hear what then turns out not to be in the record.
    await shown();
    return this.#speech.say(text, turn);
  }

  stopSpeaking(): void {
    this.#speech.stop();
  }

  async #join(socket: WebSocket): Promise<void> {
    const { hooks, peers, write } = this.#options;
    if (this.#joining.has(socket)) return;
    this.#joining.add(socket);
    try {
      const actor = this.#admitted(socket);
      const { quotas } = hooks;
      const { name, tier } = quotas ? await tierFor(quotas.policy, actor) : { name: "", tier: null };
      if (!this.#joining.has(socket) || !peers.get(socket)) return;
      if (tier?.voiceEnabled === false)
        throw new SessileError("forbidden", `The tier ${name} has no voice.`, { reason: "tier" });
      const begin = () => {
        this.#degraded.clear();
        return write(actor, (writer) => writer.startVoice());
      };
      this.#room.enter(socket, actor, this.#mayTalk(socket) ? begin : null);
      for (const [about, error] of this.#degraded) this.#room.tell(socket, { about, error: error.toWire() });
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) this.#options.report("Joining the call failed", thrown);
      this.refuse(socket, SessileError.from(thrown));
    } finally {
      this.#joining.delete(socket);
    }
  }

  #mayTalk(socket: WebSocket): boolean {
    const { peers, hooks } = this.#options;
    const peer = peers.get(socket);
    return peer?.rights?.includes("write") !== false && hooks.authorize(peer?.actor ?? null, "write");
  }

  /** @throws SessileError why this peer may not join */
  #admitted(socket: WebSocket): Actor {
    const { settings, peers, refusal, isActive } = this.#options;
    if (!settings) throw new SessileError("rejected", "This kind of session has no voice.");
    const actor = peers.get(socket)?.actor;
    if (!actor)
      throw new SessileError("unauthenticated", "Sign in to talk or listen. Text needs no account.");
    const refused = refusal();
    if (refused) throw refused;
    if (!isActive())
      throw new SessileError("not_writable", "Nobody can talk in this session: it is not active.");
    return actor;
  }

  #sendSpoken(pcm: Uint8Array): void {
    const offsetMs = this.#room.offsetMs() ?? 0;
    const frame = encodeAudioFrame({ track: sessionTrack, sequence: this.#spokenFrames, offsetMs, pcm });
    this.#spokenFrames += 1;
    this.#room.relay(frame, null);
  }

  /** Told once, until it works again. Details are for operators only. */
  #degrade(service: VoiceService, reason: unknown): void {
    this.#options.report(service === "speech" ? "The synthesizer failed" : "The transcriber failed", reason);
    if (this.#degraded.has(service)) return;
    const error = new SessileError("unavailable", failures[service]);
    this.#degraded.set(service, error);
    this.#attempt("A failure of voice could not be written", () =>
      this.#options.write(null, (writer) => writer.degradeVoice(service, error.code)),
    );
    this.#room.tellAll({ about: service, error: error.toWire() });
  }

  #attempt(what: string, body: () => unknown): void {
    try {
      body();
    } catch (thrown) {
      this.#options.report(what, thrown);
    }
  }
}

const failures: { readonly [Service in VoiceService]: string } = {
  transcription: "What is said is not written down at present. Write what should be kept.",
  speech: "The session cannot speak at present. Read what it says.",
};
