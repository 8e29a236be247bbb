import type { FlexibleSchema, LanguageModel, LanguageModelCallOptions, ToolChoice, ToolSet } from "ai";
import type { UsageAmount } from "../protocol/budget.ts";
import { SessileError } from "../protocol/index.ts";
import { type Companions, checkedCompanions, companionTools } from "./children/companion.ts";
import { namedSubagents, type Subagent, type Subagents, subagentTools } from "./children/subagent.ts";
import type { ModelPrices } from "./run/model-usage.ts";

export interface AgentOptions<Tools extends ToolSet = ToolSet> {
  /** By which runs are started: letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  readonly model: LanguageModel;
  readonly instructions?: string;
  /**
   * Tools of the AI SDK. Each call has an idempotency key: `idempotencyKeyOf(options)`. One that `needsApproval` waits for a person,
   * and one without `execute` for a client that carries it out.
   */
  readonly tools?: Tools;
  /** Agents that this one gives tasks to, by tools named `subagent__NAME`. */
  readonly subagents?: { readonly [name: string]: Subagent };
  /** Agents that this one keeps beside it, by type, with tools named `companion__…`. */
  readonly companions?: Companions;
  /** The last answer is JSON that fits: a run that ends on any other has failed. */
  readonly outputSchema?: FlexibleSchema<unknown>;
  readonly toolChoice?: ToolChoice<Tools>;
  /** Temperature, output tokens and the like, as the AI SDK takes them. */
  readonly settings?: LanguageModelCallOptions;
  /** Answers of the model in one run. Default 100. */
  readonly maxSteps?: number;
  /** Calls of one answer; those beyond are not made. Default 64. */
  readonly maxCalls?: number;
  /** Tokens of one run, in and out; it ends before the next step once it has used them. Default: no bound. */
  readonly maxTokens?: number;
  /** From the start of a run. Default: no bound. */
  readonly deadlineMs?: number;
  /** One answer of the model, or one tool call. Default 5 minutes. */
  readonly stepTimeoutMs?: number;
  /** How often a model is asked for one answer. Default 5. */
  readonly modelAttempts?: number;
  /** Room that one answer needs in budgets. Default: what the answer before has used. */
  readonly reserve?: UsageAmount;
  /** Absent: the meter counts tokens, and no cost. */
  readonly prices?: ModelPrices;
}

/** An agent: made by `defineAgent`. */
export interface AgentDefinition extends Omit<AgentOptions, "toolChoice" | "subagents" | "companions"> {
  readonly toolChoice?: ToolChoice<ToolSet>;
  readonly tools: ToolSet;
  /** By the names of their tools. */
  readonly subagents: Subagents;
  readonly companions: Companions;
  readonly maxSteps: number;
  readonly maxCalls: number;
  readonly stepTimeoutMs: number;
  readonly modelAttempts: number;
}

const boundFields = [
  "maxSteps",
  "maxCalls",
  "maxTokens",
  "deadlineMs",
  "stepTimeoutMs",
  "modelAttempts",
] as const;
/** Timers take no more. */
const maxBound = 2 ** 31 - 1;
const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws SessileError `bad_request` naming the field */
export function defineAgent<Tools extends ToolSet>(options: AgentOptions<Tools>): AgentDefinition {
  if (!namePattern.test(options.name)) refuse("name", "is 1–64 letters, digits, _ and -");
  for (const field of boundFields) assertBound(field, options[field]);
  assertAmount("reserve", options.reserve);
  for (const [name, { timeoutMs, reserve }] of Object.entries(options.subagents ?? {})) {
    assertBound(`subagents.${name}.timeoutMs`, timeoutMs);
    assertAmount(`subagents.${name}.reserve`, reserve);
  }
  const subagents = namedSubagents(options.subagents ?? {});
  const companions = checkedCompanions(options.companions ?? {});
  return {
    maxSteps: 100,
    maxCalls: 64,
    stepTimeoutMs: 300_000,
    modelAttempts: 5,
    ...(options as unknown as AgentOptions),
    tools: { ...options.tools, ...subagentTools(subagents), ...companionTools(companions) },
    subagents,
    companions,
  };
}

function assertBound(field: string, bound: number | undefined): void {
  if (bound !== undefined && (!Number.isSafeInteger(bound) || bound < 1 || bound > maxBound))
    refuse(field, `is a whole number from 1 to ${maxBound}`);
}

function assertAmount(field: string, { tokens = 0, costMicros = 0 }: UsageAmount = {}): void {
  for (const [name, amount] of Object.entries({ tokens, costMicros }))
    if (!Number.isSafeInteger(amount) || amount < 0)
      refuse(`${field}.${name}`, "is a whole number, 0 or more");
}

function refuse(field: string, what: string): never {
  throw new SessileError("bad_request", `An agent's ${field} ${what}.`, { field });
}
