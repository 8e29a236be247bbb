import {
  type AssistantModelMessage,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  type ToolModelMessage,
  type ToolSet,
  toUIMessageStream,
  type UIMessageChunk,
} from "ai";
import type { AgentDefinition } from "../define-agent.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a model said when it was asked once. */
export interface ModelTurn {
  /** An answer, and results of calls that were wrong in themselves; none if it said nothing. */
  readonly messages: readonly (AssistantModelMessage | ToolModelMessage)[];
  readonly finishReason: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}

/** One call and no retries: whoever asks decides about those. @throws whatever the provider throws */
export async function callModel(
  agent: AgentDefinition,
  prompt: { readonly model: LanguageModel; readonly messages: ModelMessage[] },
  signal: AbortSignal,
  write: (chunk: UIMessageChunk) => Promise<void>,
): Promise<ModelTurn> {
  let failure: { readonly error: unknown } | null = null;
  const { instructions, settings, toolChoice, outputSchema } = agent;
  const result = streamText({
    ...settings,
    ...prompt,
    tools: described(agent.tools),
    ...(instructions === undefined ? {} : { instructions }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(outputSchema ? { output: Output.object({ schema: outputSchema }) } : {}),
    abortSignal: signal,
    maxRetries: 0,
    onError: ({ error }) => {
      failure ??= { error };
    },
  });
  const chunks = toUIMessageStream({ stream: result.stream, sendStart: false, sendFinish: false });
  const read = async () => {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      // How the run ends is said by the run.
      if (chunk.type !== "error" && chunk.type !== "abort") await write(chunk);
    }
  };
  await untilAborted(read(), signal);
  signal.throwIfAborted();
  const failed = failure as { readonly error: unknown } | null;
  if (failed) throw failed.error;
  const finishReason = await result.finishReason;
  if (finishReason === "error") throw new Error("The model ended its answer with an error.");
  const { inputTokens = 0, outputTokens = 0 } = await result.usage;
  return { messages: await result.responseMessages, finishReason, usage: { inputTokens, outputTokens } };
}

/** The model is told of the tools; having them approved and calling them is the run's. */
function described(tools: ToolSet): ToolSet {
  return Object.fromEntries(
    Object.entries(tools).map(([name, { execute: _execute, needsApproval: _needed, ...tool }]) => [
      name,
      tool as ToolSet[string],
    ]),
  );
}
