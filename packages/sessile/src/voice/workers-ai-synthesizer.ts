import { audioSampleRate, type Synthesizer } from "../protocol/index.ts";
import type { AiBinding } from "./ai-binding.ts";

export interface WorkersAiSynthesizerOptions {
  /** Default `@cf/deepgram/aura-1`. */
  readonly model?: string;
  /** Further inputs of the model, such as `{ speaker: "luna" }`. */
  readonly inputs?: { readonly [name: string]: string };
}

/**
 * Deepgram Aura on Workers AI: `voice = { synthesizer: workersAiSynthesizer(this.env.AI) }`. Raw samples, passed on as they come
 * (developers.cloudflare.com/workers-ai/models/aura-1).
 */
export function workersAiSynthesizer(ai: AiBinding, options: WorkersAiSynthesizerOptions = {}): Synthesizer {
  const { model = "@cf/deepgram/aura-1", inputs = {} } = options;
  return {
    async *synthesize(text) {
      const answer = await ai.run(
        model,
        { ...inputs, text, encoding: "linear16", container: "none", sample_rate: audioSampleRate },
        { returnRawResponse: true },
      );
      if (!(answer instanceof Response) || !answer.ok || !answer.body)
        throw new Error(
          `${model} gave no audio${answer instanceof Response ? `: status ${answer.status}` : ""}.`,
        );
      yield* piecesOf(answer.body);
    },
  };
}

/** Cancels the body when whoever reads stops early. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
