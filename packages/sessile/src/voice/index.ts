export type { AiBinding } from "./ai-binding.ts";
export { type WorkersAiSynthesizerOptions, workersAiSynthesizer } from "./workers-ai-synthesizer.ts";
export { type WorkersAiTranscriberOptions, workersAiTranscriber } from "./workers-ai-transcriber.ts";
