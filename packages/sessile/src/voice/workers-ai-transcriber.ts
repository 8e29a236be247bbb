import {
  audioSampleRate,
  type HeardUtterance,
  type Transcriber,
  type Transcription,
  type TranscriptionListener,
} from "../protocol/index.ts";
import type { AiBinding } from "./ai-binding.ts";

export interface WorkersAiTranscriberOptions {
  /** Default `@cf/deepgram/flux`; another one must speak as it does. */
  readonly model?: string;
  /** Further inputs of the model, such as `{ eot_timeout_ms: "3000" }`. */
  readonly inputs?: { readonly [name: string]: string };
}

/** Milliseconds in which it may say its last words and close; the session listens no longer than that. */
const closeWithinMs = 3000;

/** A Worker's end of a socket, as an upgrade's answer has it. */
interface UpgradedSocket extends WebSocket {
  accept(): void;
}

/**
 * Deepgram Flux on Workers AI: `voice = { transcriber: workersAiTranscriber(this.env.AI) }`. It finds the ends of utterances itself.
 * Audio goes as it is; answers are `TurnInfo` messages (developers.cloudflare.com/workers-ai/models/flux,
 * developers.deepgram.com/docs/flux). It closes what is silent for long; the session closes it before.
 */
export function workersAiTranscriber(ai: AiBinding, options: WorkersAiTranscriberOptions = {}): Transcriber {
  const { model = "@cf/deepgram/flux", inputs = {} } = options;
  return {
    open: async (listener) => {
      const answer = await ai.run(
        model,
        { ...inputs, encoding: "linear16", sample_rate: String(audioSampleRate) },
        { websocket: true },
      );
      const socket = (answer as { readonly webSocket?: UpgradedSocket | null } | null)?.webSocket;
      if (!socket) throw new Error(`${model} did not open a WebSocket.`);
      return new FluxTranscription(socket, listener);
    },
  };
}

class FluxTranscription implements Transcription {
  readonly #socket: UpgradedSocket;
  readonly #closed: Promise<void>;
  #isClosing = false;

  constructor(socket: UpgradedSocket, listener: TranscriptionListener) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code }) => {
        resolve();
        if (!this.#isClosing) listener.onFailure(new Error(`The transcriber closed with ${code}.`));
      });
      socket.addEventListener("error", () => {
        resolve();
        listener.onFailure(new Error("The transcriber's connection broke."));
      });
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") hear(data, listener);
    });
    socket.accept();
  }

  write(pcm: Uint8Array): void {
    this.#socket.send(pcm as Uint8Array<ArrayBuffer>);
  }

  /** Flux understands what it has, without calling it final, and closes. One that does not is left: it would stay open for ever. */
  async close(): Promise<void> {
    if (this.#isClosing) return this.#closed;
    this.#isClosing = true;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeWithinMs);
    try {
      this.#socket.send(JSON.stringify({ type: "CloseStream" }));
      await Promise.race([this.#closed, late.promise]);
    } finally {
      clearTimeout(timer);
      this.#socket.close(1000);
    }
  }
}

interface FluxMessage {
  readonly type?: unknown;
  readonly event?: unknown;
  readonly turn_index?: unknown;
  readonly transcript?: unknown;
  /** Seconds. */
  readonly audio_window_start?: unknown;
  readonly audio_window_end?: unknown;
  readonly code?: unknown;
}

function hear(text: string, listener: TranscriptionListener): void {
  const message = parsed(text);
  if (message.type === "Error" || message.type === "FatalError") {
    listener.onFailure(new Error(`The transcriber failed: ${String(message.code).slice(0, 100)}`));
    return;
  }
  if (typeof message.event !== "string" || typeof message.transcript !== "string") return;
  const heard: HeardUtterance = {
    utterance: numberOf(message.turn_index),
    text: message.transcript,
    startMs: numberOf(message.audio_window_start) * 1000,
    endMs: numberOf(message.audio_window_end) * 1000,
  };
  if (message.event === "EndOfTurn") listener.onFinal(heard);
  else listener.onPartial(heard);
}

function parsed(text: string): FluxMessage {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}
