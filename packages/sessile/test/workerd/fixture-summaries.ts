// The Worker of the summary tests: kinds with a model behind HTTP, with a Workers AI binding, and without any.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { callable, type Json, Session, type SessionRecord } from "sessile";
import { modelSummarizer } from "sessile/agent";
import { createD1Record } from "sessile/d1";
import { createSessile } from "sessile/worker";
import { createWorkersAI } from "workers-ai-provider";
import { type DatabaseState, faultyDatabase, switchDatabases } from "./fixture-record.ts";

interface Env {
  readonly MODEL_URL: string;
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
}

abstract class Talk extends Session<Env, { readonly lines: number }> {
  readonly initialState = { lines: 0 };
  override readonly snapshots = { everyEvents: 1000, everyMs: 3_600_000 };

  readonly say = callable((text: string) => {
    this.append("message", { text });
    return null;
  });
  readonly newest = callable(() => ({
    summary: (this.summary?.text ?? null) as Json,
    tail: this.eventsSinceSummary().events.map(({ type }) => type),
  }));
  readonly spend = callable((entryId: string) =>
    this.recordUsage({
      entryId,
      kind: "tool",
      source: "agent",
      name: "look_up",
      costMicros: 5,
      durationMs: 7,
    }),
  );
}

function scripted({ MODEL_URL }: Env) {
  return createOpenAICompatible({ name: "scripted", baseURL: `${MODEL_URL}/v1` })("scripted-1");
}

/** A model behind HTTP, tried twice. */
export class Told extends Talk {
  readonly kind = "told";
  override readonly summaries = {
    attempts: 2,
    minIntervalMs: 0,
    maxInputChars: 2000,
    summarizer: modelSummarizer(scripted(this.env), { prices: { input: 2_000_000, output: 10_000_000 } }),
  };
}

/** The same in ledger mode, with a try that ends soon. */
export class Kept extends Talk {
  readonly kind = "kept";
  override readonly durability = "ledger";
  override readonly summaries = {
    attempts: 1,
    timeoutMs: 200,
    summarizer: modelSummarizer(scripted(this.env)),
  };
  override recordOf(env: Env): SessionRecord {
    return createD1Record(faultyDatabase(env.SESSILE_RECORD));
  }
}

/** A binding as Workers AI has it, answered by the test. */
export class Bound extends Talk {
  readonly kind = "bound";
  override readonly summaries = {
    summarizer: modelSummarizer(
      createWorkersAI({ binding: workersAi(this.env) as never })("@cf/meta/llama-3.3-70b-instruct-fp8-fast"),
    ),
  };
}

function workersAi({ MODEL_URL }: Env) {
  return {
    run: async (model: string, inputs: unknown) => {
      const body = JSON.stringify({ model, inputs });
      return (await fetch(`${MODEL_URL}/ai`, { method: "POST", body })).json();
    },
  };
}

/** No model. */
export class Plain extends Talk {
  readonly kind = "plain";
  override readonly summaries = {};
}

/** No summaries. */
export class Silent extends Talk {
  readonly kind = "silent";
  readonly bound = callable((maxTokens: number) =>
    this.budgets.set({ budgetId: "all", max: { tokens: maxTokens } }),
  );
  readonly reserve = callable((reservationId: string, tokens: number) => ({
    ...this.budgets.reserve({ reservationId, source: "agent", tokens }),
  }));
  readonly settle = callable((id: string, totalTokens: number) =>
    this.budgets.settle(id, { entryId: id, kind: "tokens", source: "agent", totalTokens }),
  );
  readonly raise = callable((gateId: string) => this.answerGate(gateId, "raise"));
  readonly metered = callable(async () => {
    await this.usageStore.recordEntry({
      sessionId: this.view.name,
      entryId: "by-store",
      kind: "subagent",
      source: "agent",
      name: "helper",
      totalTokens: 3,
    });
    return (await this.usageStore.getRollup(this.view.name)).tokens.total;
  });
}

const sessile = createSessile<Env>({
  kinds: {
    told: { binding: "TOLD" },
    kept: { binding: "KEPT" },
    bound: { binding: "BOUND" },
    plain: { binding: "PLAIN" },
    silent: { binding: "SILENT" },
  },
  identify: (request) => {
    const id = request.headers.get("x-test-user");
    return id === null ? null : { id };
  },
  authorize: ({ actor, action }) => actor?.id !== "reader" || action === "read",
});
sessile.post("/test/d1/:state", (context) => {
  switchDatabases(context.req.param("state") as DatabaseState);
  return context.text("ok");
});

export default sessile;
