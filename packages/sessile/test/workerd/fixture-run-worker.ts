// The Worker of the run tests: agents with a scripted model behind HTTP, whose tools have effects outside.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { tool } from "ai";
import { callable, type Json, type LogLevel, SessileError } from "sessile";
import {
  AgentSession,
  type CallGate,
  defineAgent,
  idempotencyKeyOf,
  initialAgent,
  type PendingCall,
  questionTool,
  type Subagent,
} from "sessile/agent";
import { createSessile } from "sessile/worker";
import { z } from "zod";

interface Env {
  readonly MODEL_URL: string;
  readonly EFFECTS_URL: string;
  readonly HELPERS: DurableObjectNamespace<Helpers>;
  readonly OWNED: DurableObjectNamespace<Owned>;
}

const inputSchema = z.object({ n: z.number() });

export class Helpers extends AgentSession<Env> {
  readonly kind: string = "helpers";
  override readonly initialState = initialAgent;
  override readonly snapshots = null;
  override readonly limits = { maxSegmentDelayMs: 5 };
  protected readonly model = createOpenAICompatible({
    name: "scripted",
    baseURL: `${this.env.MODEL_URL}/v1`,
    includeUsage: true,
  })("scripted");

  protected readonly scouts: DurableObjectNamespace = this.env.HELPERS;

  readonly agents = [
    defineAgent({
      name: "worker",
      model: this.model,
      instructions: "Work.",
      modelAttempts: 3,
      prices: { input: 1_000_000, output: 2_000_000 },
      tools: {
        ...Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`tool_${name}`, this.#effect(name)])),
        broken: tool({
          inputSchema,
          execute: (): string => {
            throw new Error("This tool is broken.");
          },
        }),
      },
    }),
    defineAgent({ name: "brief", model: this.model, maxSteps: 2, tools: { tool_a: this.#effect("a") } }),
    defineAgent({ name: "frugal", model: this.model, maxTokens: 20, tools: { tool_a: this.#effect("a") } }),
    defineAgent({
      name: "careful",
      model: this.model,
      tools: {
        ...Object.fromEntries(["a", "b", "c"].map((name) => [`tool_${name}`, this.#effect(name)])),
        pay: { ...this.#effect("pay"), needsApproval: true },
        spend: { ...this.#effect("spend"), needsApproval: ({ n }: { readonly n: number }) => n > 10 },
        locate: tool({ description: "Where the person is", inputSchema }),
        ask: questionTool(),
      },
      subagents: { scout: this.#scout({ agent: "worker" }) },
    }),
    defineAgent({
      name: "boss",
      model: this.model,
      tools: { pay: { ...this.#effect("pay"), needsApproval: true } },
      subagents: {
        scout: this.#scout({ agent: "careful" }),
        brief_scout: this.#scout({ agent: "careful", timeoutMs: 300 }),
      },
      companions: {
        clerk: { namespace: this.env.HELPERS, agent: "careful", description: "Keeps the books." },
      },
    }),
    defineAgent({
      name: "punctual",
      model: this.model,
      deadlineMs: 300,
      tools: { pay: { ...this.#effect("pay"), needsApproval: true } },
    }),
    defineAgent({ name: "hasty", model: this.model, deadlineMs: 300 }),
    defineAgent({ name: "impatient", model: this.model, stepTimeoutMs: 50, modelAttempts: 1 }),
  ];

  protected override gateOf({ toolName, input }: PendingCall): CallGate {
    const { n } = input as { readonly n: number };
    // Somebody wants no more of it right before it waits.
    if (toolName === "locate" && n === 13)
      this.streams.finish(this.state.agent.active?.runId ?? "", { error: "Enough." });
    if (toolName !== "pay") return {};
    // Payments of 7 are not worth waiting for.
    return { title: `Pay ${n}?`, isEditable: true, ...(n === 7 ? { expiresAt: Date.now() + 50 } : {}) };
  }

  /** As the session's own code runs one. */
  readonly ask = callable(async (message: string) => {
    const run = this.runs.start({ agent: "worker", message });
    const chunks: string[] = [];
    for await (const chunk of await run.stream()) chunks.push((chunk as { readonly type: string }).type);
    return { chunks, result: await run.result() };
  });

  readonly abortAndFail = callable(() => {
    this.runs.abort();
    throw new SessileError("rejected", "On second thoughts, no.");
  });

  readonly setBudget = callable((tokens: number) => this.budgets.set({ budgetId: "all", max: { tokens } }));
  readonly budgetStatus = callable(() => this.budgets.list() as unknown as Json);

  readonly askCarefully = callable(async (message: string) => {
    const run = this.runs.start({ agent: "careful", message });
    return { result: await run.result(), usage: await run.getUsageRollup() };
  });

  #scout(more: Pick<Subagent, "agent" | "timeoutMs">): Subagent {
    const scouts = () => this.scouts;
    return {
      get namespace() {
        return scouts();
      },
      description: "Looks around.",
      outputSchema: z.strictObject({ seen: z.string() }),
      ...more,
    };
  }

  #effect(name: string) {
    return tool({
      inputSchema,
      execute: async ({ n }, options) => {
        const response = await fetch(`${this.env.EFFECTS_URL}/${this.name}/${name}/${n}`, {
          method: "POST",
          headers: { "idempotency-key": idempotencyKeyOf(options) },
          ...(options.abortSignal ? { signal: options.abortSignal } : {}),
        });
        return response.json();
      },
    });
  }
}

/** With titles, and a logger of its own. */
export class Titled extends Helpers {
  override readonly kind = "titled";
  override readonly titles = { model: this.model, prices: { input: 1_000_000, output: 1_000_000 } };
  readonly #lines: string[] = [];
  override readonly logger = {
    log: (level: LogLevel, message: string) => void this.#lines.push(`${level} ${message}`),
  };
  readonly lines = callable(() => this.#lines);
}

/** Each belongs to whoever makes it. */
export class Owned extends Helpers {
  override readonly kind = "owned";
  override readonly access = "owned";
  protected override readonly scouts = this.env.OWNED;
}

export default createSessile<Env>({
  kinds: { helpers: { binding: "HELPERS" }, titled: { binding: "TITLED" }, owned: { binding: "OWNED" } },
  identify: (request) => {
    const id = request.headers.get("x-user");
    return id === null ? null : { id };
  },
});
