import type { Actor } from "../../protocol/event.ts";
import type { Transcriber, Transcript } from "../../protocol/voice.ts";
import type { Clock } from "../clock.ts";
import { TranscriptStream } from "./transcript-stream.ts";
import type { VoiceTiming } from "./voice-settings.ts";

export interface VoiceTranscriptsOptions {
  readonly transcriber: Transcriber;
  readonly clock: Clock;
  readonly timing: VoiceTiming;
  readonly write: (speaker: Actor, transcript: Transcript, isFinal: boolean) => void;
  readonly failed: (reason: unknown) => void;
}

interface Speaker {
  readonly stream: TranscriptStream;
  /** Ends the wait for its quiet time. */
  readonly over: AbortController;
  heardAt: number;
}

/**
 * A transcriber for each speaker whose audio comes. In memory only: after a wake the next frame opens another. While one is open
 * the object stays awake, so one that hears nothing is closed.
 */
export class VoiceTranscripts {
  readonly #options: VoiceTranscriptsOptions;
  readonly #speakers = new Map<WebSocket, Speaker>();
  /** Milliseconds since 1970 before which none is opened. */
  #notBefore = 0;

  constructor(options: VoiceTranscriptsOptions) {
    this.#options = options;
  }

  hear(socket: WebSocket, actor: Actor, pcm: Uint8Array, offsetMs: number): void {
    const { clock, timing } = this.#options;
    const now = clock.now();
    let speaker = this.#speakers.get(socket);
    if (!speaker) {
      // A clock that was set back silences nobody for longer.
      this.#notBefore = Math.min(this.#notBefore, now + timing.retryMs);
      if (now < this.#notBefore) return;
      speaker = { stream: this.#open(socket, actor), over: new AbortController(), heardAt: now };
      this.#speakers.set(socket, speaker);
      void this.#closeWhenQuiet(socket, speaker);
    }
    speaker.heardAt = now;
    speaker.stream.write(pcm, offsetMs);
  }

  /** The speaker has left. */
  end(socket: WebSocket): void {
    const speaker = this.#speakers.get(socket);
    if (speaker) this.#close(socket, speaker);
  }

  endAll(): void {
    for (const [socket, speaker] of this.#speakers) this.#close(socket, speaker);
  }

  /** Another log has taken the place of the one that was written to. */
  restart(): void {
    for (const [socket, { stream }] of this.#speakers) {
      this.#forget(socket);
      stream.abandon();
    }
  }

  #open(socket: WebSocket, actor: Actor): TranscriptStream {
    const { transcriber, clock, timing, write, failed } = this.#options;
    return new TranscriptStream({
      transcriber,
      speaker: actor,
      clock,
      timing,
      write: (transcript, isFinal) => write(actor, transcript, isFinal),
      failed: (reason) => {
        this.#notBefore = clock.now() + timing.retryMs;
        this.#forget(socket);
        failed(reason);
      },
    });
  }

  #close(socket: WebSocket, speaker: Speaker): void {
    this.#forget(socket);
    void speaker.stream.close();
  }

  #forget(socket: WebSocket): void {
    this.#speakers.get(socket)?.over.abort();
    this.#speakers.delete(socket);
  }

  async #closeWhenQuiet(socket: WebSocket, speaker: Speaker): Promise<void> {
    const { clock, timing } = this.#options;
    while (!speaker.over.signal.aborted) {
      const now = clock.now();
      speaker.heardAt = Math.min(speaker.heardAt, now);
      const leftMs = speaker.heardAt + timing.quietMs - now;
      if (leftMs <= 0) {
        this.#close(socket, speaker);
        return;
      }
      await clock.wait(leftMs, speaker.over.signal).catch(() => {});
    }
  }
}
