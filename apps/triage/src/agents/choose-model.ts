import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import type { ModelPrices } from "sessile/agent";
import { createWorkersAI } from "workers-ai-provider";

/** Variables and bindings of the Worker. Without them no model is asked. */
export interface ModelSettings {
  /** An OpenAI-compatible endpoint, up to and with its `/v1`. */
  readonly TRIAGE_MODEL_URL?: string;
  readonly TRIAGE_API_KEY?: string;
  /** The model's name there, or at Workers AI (`@cf/…`). */
  readonly TRIAGE_MODEL?: string;
  /** Dollars for a million tokens, in and out: `0.25,2`. */
  readonly TRIAGE_MODEL_PRICES?: string;
  /** How long one agent may take, in seconds. Default 180. */
  readonly TRIAGE_AGENT_SECONDS?: string;
  /** Workers AI. */
  readonly AI?: Ai;
}

export interface ChosenModel {
  readonly model: LanguageModel;
  readonly name: string;
  readonly prices: ModelPrices | null;
  readonly deadlineMs: number;
}

const defaultSeconds = 180;

/** The model that agents ask; null: there are no agents, and the analysers' word stands. */
export function chooseModel(settings: ModelSettings): ChosenModel | null {
  const model = modelOf(settings);
  if (!model) return null;
  return {
    model,
    name: settings.TRIAGE_MODEL ?? "",
    prices: pricesOf(settings.TRIAGE_MODEL_PRICES),
    deadlineMs: Math.ceil((Number(settings.TRIAGE_AGENT_SECONDS) || defaultSeconds) * 1000),
  };
}

function modelOf({
  TRIAGE_MODEL_URL: baseURL,
  TRIAGE_MODEL: name,
  TRIAGE_API_KEY: apiKey,
  AI: binding,
}: ModelSettings): LanguageModel | null {
  if (!name) return null;
  if (baseURL)
    return createOpenAICompatible({
      name: "triage",
      baseURL,
      includeUsage: true,
      ...(apiKey ? { apiKey } : {}),
    })(name);
  // The names of models that Cloudflare knows are a type; this one comes from a variable.
  return binding
    ? createWorkersAI({ binding })(name as Parameters<ReturnType<typeof createWorkersAI>>[0])
    : null;
}

/** In millionths for a million tokens, as the meter counts. */
function pricesOf(text: string | undefined): ModelPrices | null {
  const [input = Number.NaN, output = Number.NaN] = (text ?? "").split(",").map(Number.parseFloat);
  if (!(input >= 0 && output >= 0)) return null;
  return { input: input * 1_000_000, output: output * 1_000_000 };
}
