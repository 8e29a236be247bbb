import { AudioCutter, cutFrameMs } from "../../protocol/audio-cutter.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Synthesizer } from "../../protocol/voice.ts";
import type { Clock } from "../clock.ts";
import type { VoiceTiming } from "./voice-settings.ts";

export interface VoiceSpeechOptions {
  readonly synthesizer: Synthesizer | null;
  readonly clock: Clock;
  readonly timing: VoiceTiming;
  readonly isHeard: () => boolean;
  readonly send: (pcm: Uint8Array) => void;
  readonly failed: (reason: unknown) => void;
  readonly worked: () => void;
}

/** Sent ahead of its time, for what a network holds up. More would fill the listeners' sockets. */
const leadMs = 1000;

/** What the session says, one text after the other, about as fast as it is heard. */
export class VoiceSpeech {
  readonly #options: VoiceSpeechOptions;
  #last: Promise<unknown> = Promise.resolve();
  /** Aborted to fall silent; another takes its place. */
  #turn = new AbortController();

  constructor(options: VoiceSpeechOptions) {
    this.#options = options;
  }

  /** What a stop from now on ends. */
  get turn(): AbortSignal {
    return this.#turn.signal;
  }

  /** @returns whether all of it was sent to somebody */
  say(text: string, turn = this.turn): Promise<boolean> {
    const said = this.#last.then(() => this.#say(text, turn));
    this.#last = said;
    return said;
  }

  /** Falls silent, as when somebody else begins to talk. */
  stop(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
  }

  async #say(text: string, turn: AbortSignal): Promise<boolean> {
    const { synthesizer, isHeard, failed, worked } = this.#options;
    if (!synthesizer || turn.aborted || !isHeard()) return false;
    let pieces: AsyncIterator<Uint8Array> | null = null;
    try {
      pieces = synthesizer.synthesize(text)[Symbol.asyncIterator]();
      const isWhole = await this.#send(pieces, turn);
      if (isWhole) worked();
      return isWhole;
    } catch (thrown) {
      if (!turn.aborted) failed(thrown);
      return false;
    } finally {
      // Not awaited: one that hangs must not hold up the next.
      void (async () => pieces?.return?.())().catch(() => {});
    }
  }

  async #send(pieces: AsyncIterator<Uint8Array>, turn: AbortSignal): Promise<boolean> {
    const { clock, isHeard } = this.#options;
    const cutter = new AudioCutter();
    let dueAt = clock.now() - leadMs;
    let sent = 0;
    for (;;) {
      const next = await this.#next(pieces, turn);
      const rest = next.done ? cutter.flush() : null;
      for (const pcm of next.done ? (rest ? [rest] : []) : cutter.push(next.value)) {
        // Of a clock that was set back nobody is to wait until it is there again.
        dueAt = Math.min(dueAt, clock.now() + cutFrameMs);
        if (dueAt > clock.now()) await clock.wait(dueAt - clock.now(), turn);
        if (turn.aborted || !isHeard()) return false;
        this.#options.send(pcm);
        sent += 1;
        dueAt = Math.max(dueAt, clock.now() - leadMs) + cutFrameMs;
      }
      if (next.done && sent === 0) throw new SessileError("unavailable", "The synthesizer gave no audio.");
      if (next.done) return true;
    }
  }

  /** Rejects when it is told to stop, or has waited for too long. */
  async #next(pieces: AsyncIterator<Uint8Array>, turn: AbortSignal): Promise<IteratorResult<Uint8Array>> {
    const { clock, timing } = this.#options;
    const came = new AbortController();
    const late = clock.wait(timing.timeoutMs, AbortSignal.any([came.signal, turn])).then((): never => {
      throw new SessileError("unavailable", `The synthesizer gave nothing for ${timing.timeoutMs} ms.`);
    });
    const next = pieces.next();
    for (const one of [late, next]) one.catch(() => {});
    try {
      return await Promise.race([next, late]);
    } finally {
      came.abort();
    }
  }
}
