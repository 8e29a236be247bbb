import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { createGateway, type LanguageModel } from "ai";
import { SessileError } from "sessile";

/** Variables of the Worker. */
export interface ModelSettings {
  /** An OpenAI-compatible endpoint: OpenAI itself, Ollama, vLLM, the scripted model of this app. */
  readonly CHAT_MODEL_URL?: string;
  readonly CHAT_API_KEY?: string;
  /** A model's name there; without an address `provider/model` of the AI Gateway, which reaches every other provider. */
  readonly CHAT_MODEL?: string;
  readonly AI_GATEWAY_API_KEY?: string;
}

/** @throws SessileError `unavailable` if no model is set */
export function chooseModel(settings: ModelSettings): LanguageModel {
  const { CHAT_MODEL_URL: baseURL, CHAT_API_KEY, CHAT_MODEL, AI_GATEWAY_API_KEY } = settings;
  if (baseURL !== undefined) {
    const key = CHAT_API_KEY === undefined ? {} : { apiKey: CHAT_API_KEY };
    return createOpenAICompatible({ name: "chat", baseURL, ...key })(CHAT_MODEL ?? "scripted");
  }
  if (CHAT_MODEL !== undefined && AI_GATEWAY_API_KEY !== undefined)
    return createGateway({ apiKey: AI_GATEWAY_API_KEY })(CHAT_MODEL);
  throw new SessileError(
    "unavailable",
    "No model is set: give CHAT_MODEL_URL, or CHAT_MODEL and AI_GATEWAY_API_KEY.",
  );
}
