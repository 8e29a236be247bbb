export {
  AgentSession,
  type AgentSessionState,
  initialAgent,
  type RunMessage,
} from "./agent-session.ts";
export { idempotencyKeyOf } from "./call-tool.ts";
export { type AgentDefinition, type AgentOptions, defineAgent } from "./define-agent.ts";
export { type ModelSummarizerOptions, modelSummarizer } from "./model-summarizer.ts";
export type { ModelPrices } from "./model-usage.ts";
export { RunHandle } from "./run-handle.ts";
export type { Said } from "./transcript.ts";
