import { audioBytesPerMs } from "../../protocol/audio-frame.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type {
  HeardUtterance,
  Transcriber,
  Transcript,
  Transcription,
  TranscriptionListener,
} from "../../protocol/voice.ts";
import type { Clock } from "../clock.ts";
import type { VoiceTiming } from "./voice-settings.ts";

export interface TranscriptStreamOptions {
  readonly transcriber: Transcriber;
  readonly speaker: Actor;
  readonly clock: Clock;
  readonly timing: VoiceTiming;
  readonly write: (transcript: Transcript, isFinal: boolean) => void;
  /** Called once, and then nothing more comes. */
  readonly failed: (reason: unknown) => void;
}

interface Piece {
  readonly pcm: Uint8Array;
  readonly offsetMs: number;
}

/** Where a stretch of the transcriber's audio lies in the call. */
interface Stretch {
  readonly streamMs: number;
  readonly offsetMs: number;
}

/** Audio that may wait for a transcriber to open: 5 s. */
const maxWaitingBytes = 5000 * audioBytesPerMs;
const maxStretches = 256;
/** For the last words after the last audio. */
const closeWithinMs = 3000;

/** One speaker's audio on its way through one transcriber, from the first frame to a failure or a quiet time. */
export class TranscriptStream {
  readonly #options: TranscriptStreamOptions;
  readonly #id = crypto.randomUUID();
  readonly #stretches: Stretch[] = [];
  #transcription: Transcription | null = null;
  #waiting: Piece[] = [];
  #waitingBytes = 0;
  #streamMs = 0;
  /** What was heard of utterances that have no final transcript yet. */
  readonly #open = new Map<number, HeardUtterance>();
  #partialAt = Number.NEGATIVE_INFINITY;
  #isOver = false;
  #isClosing = false;
  readonly #opened: Promise<void>;

  constructor(options: TranscriptStreamOptions) {
    this.#options = options;
    this.#opened = this.#begin();
  }

  write(pcm: Uint8Array, offsetMs: number): void {
    if (this.#isOver || this.#isClosing) return;
    if (this.#transcription) {
      this.#pass(this.#transcription, { pcm, offsetMs });
      return;
    }
    this.#waiting.push({ pcm, offsetMs });
    this.#waitingBytes += pcm.byteLength;
    while (this.#waitingBytes > maxWaitingBytes)
      this.#waitingBytes -= this.#waiting.shift()?.pcm.byteLength ?? this.#waitingBytes;
  }

  /** The speaker is silent or gone. What was heard last of an utterance becomes its final transcript. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#opened;
    if (this.#isOver) return;
    const { clock } = this.#options;
    const late = new AbortController();
    const closed = (async () => this.#transcription?.close())();
    await Promise.race([closed, clock.wait(closeWithinMs, late.signal)]).catch(() => {});
    late.abort();
    closed.catch(() => {});
    this.#end();
  }

  /** Writes nothing more: the log it belongs to is another one now. */
  abandon(): void {
    this.#open.clear();
    this.#end();
    if (this.#transcription) release(this.#transcription);
  }

  async #begin(): Promise<void> {
    const { transcriber, clock, timing } = this.#options;
    const late = new AbortController();
    // In a later turn: one that fails at once must find its stream where its owner keeps it.
    const opening = Promise.resolve().then(() => transcriber.open(this.#listener()));
    try {
      const overdue = clock.wait(timing.timeoutMs, late.signal).then((): never => {
        throw new SessileError("unavailable", `The transcriber did not open within ${timing.timeoutMs} ms.`);
      });
      overdue.catch(() => {});
      const transcription = await Promise.race([opening, overdue]);
      if (this.#isOver) return release(transcription);
      this.#transcription = transcription;
      for (const piece of this.#waiting) this.#pass(transcription, piece);
      this.#waiting = [];
    } catch (thrown) {
      // One that opens after all is of no use any more.
      void opening.then(release).catch(() => {});
      this.#fail(thrown);
    } finally {
      late.abort();
    }
  }

  #listener(): TranscriptionListener {
    return {
      speaker: this.#options.speaker,
      onPartial: (heard) => this.#heardPart(heard),
      onFinal: (heard) => {
        if (this.#isOver) return;
        this.#open.delete(heard.utterance);
        this.#write(heard, true);
      },
      onFailure: (reason) => this.#fail(reason),
    };
  }

  #heardPart(heard: HeardUtterance): void {
    const { clock, timing } = this.#options;
    // A transcriber that has understood nothing yet says so all the time.
    if (this.#isOver || heard.text.trim() === "") return;
    const isNew = this.#open.get(heard.utterance)?.text !== heard.text;
    this.#open.set(heard.utterance, heard);
    const now = clock.now();
    // A clock that was set back holds nothing up for longer than usual.
    this.#partialAt = Math.min(this.#partialAt, now);
    if (!isNew || timing.partialMs === null || now - this.#partialAt < timing.partialMs) return;
    this.#partialAt = now;
    this.#write(heard, false);
  }

  #pass(transcription: Transcription, { pcm, offsetMs }: Piece): void {
    if (this.#isOver) return;
    const last = this.#stretches.at(-1);
    if (!last || offsetMs !== last.offsetMs + (this.#streamMs - last.streamMs)) {
      this.#stretches.push({ streamMs: this.#streamMs, offsetMs });
      if (this.#stretches.length > maxStretches) this.#stretches.shift();
    }
    this.#streamMs += pcm.byteLength / audioBytesPerMs;
    try {
      transcription.write(pcm);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #write({ utterance, text, startMs, endMs }: HeardUtterance, isFinal: boolean): void {
    if (text.trim() === "") return;
    const offsetMs = this.#offsetOf(startMs);
    this.#options.write(
      {
        utteranceId: `${this.#id}.${utterance}`,
        role: "user",
        text: text.trim(),
        offsetMs,
        durationMs: Math.max(0, this.#offsetOf(endMs) - offsetMs),
      },
      isFinal,
    );
  }

  /** Where in the call the transcriber's millisecond lies: a speaker's pauses are not in what it was given. */
  #offsetOf(streamMs: number): number {
    const stretch = this.#stretches.findLast((one) => one.streamMs <= streamMs) ?? this.#stretches[0];
    return stretch ? Math.round(stretch.offsetMs + Math.max(0, streamMs - stretch.streamMs)) : 0;
  }

  #fail(reason: unknown): void {
    if (this.#isOver) return;
    const wasClosing = this.#isClosing;
    this.#end();
    if (this.#transcription) release(this.#transcription);
    // Whatever happens to a transcriber that is done with its work hurts nobody.
    if (!wasClosing) this.#options.failed(reason);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const heard of this.#open.values()) this.#write(heard, true);
    this.#open.clear();
    this.#waiting = [];
  }
}

/** Closes what nobody listens to any more, however it takes it. */
function release(transcription: Transcription): void {
  void (async () => transcription.close())().catch(() => {});
}
