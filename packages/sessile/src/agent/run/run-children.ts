import { asSchema } from "ai";
import type { WorkContext } from "../../object/works/work-runner.ts";
import type { UsageAmount } from "../../protocol/budget.ts";
import { type ActiveRun, type Json, type RunStop, SessileError } from "../../protocol/index.ts";
import {
  type ChildSession,
  ChildSessions,
  type DelegatedRun,
  type Delegation,
  idOf,
} from "../children/child-sessions.ts";
import { companionCallOf } from "../children/companion.ts";
import { noRoom, type Subagent, subagentResult, taskOf } from "../children/subagent.ts";
import type { AgentDefinition } from "../define-agent.ts";
import { callKey } from "./call-key.ts";
import { RunCompanions } from "./run-companions.ts";
import type { Delegated, DelegatedCall } from "./run-port.ts";
import type { RunSession } from "./run-session.ts";
import type { OpenCall } from "./transcript.ts";

/** Work that ends what a child is at. By its name it goes on when this session is terminated. */
export const stopWork = "sessile.stop_child";

/** What that work is given. */
export type StopInput = {
  readonly how: RunStop;
  readonly agent: string;
  readonly toolName: string;
  readonly input: Json;
  readonly key: string;
  /** The run whose call it was; absent in older work. */
  readonly runId?: string;
};

/** Whether others carry out calls of this tool. */
export function isDelegated({ subagents, companions }: AgentDefinition, toolName: string): boolean {
  if (Object.hasOwn(subagents, toolName)) return true;
  return Object.keys(companions).length > 0 && companionCallOf(toolName, {}) !== null;
}

/** What a session's agents have agents of other sessions do. */
export class RunChildren {
  readonly sessions: ChildSessions;
  readonly #options: Pick<RunSession, "session" | "agents">;
  readonly #companions: RunCompanions;

  constructor(options: Pick<RunSession, "session" | "agents">) {
    this.#options = options;
    this.sessions = new ChildSessions(options);
    this.#companions = new RunCompanions(this.sessions);
  }

  /** Has a call carried out, once however often it is asked. @throws SessileError */
  async ask(active: ActiveRun, { open, agent }: DelegatedCall): Promise<Delegated> {
    const { toolName, input } = open.call;
    const key = callKey(open);
    const call = companionCallOf(toolName, input);
    if (call) return this.#companions.ask(active, agent.companions, call, idOf(key));
    const subagent = agent.subagents[toolName] as Subagent;
    const child = this.sessions.of(subagent.namespace, this.sessions.subagentName(key, toolName));
    const { budgets } = this.#options.session;
    const room = { reservationId: key, source: "agent", ref: active.runId };
    const budget = budgets.claim({ ...subagent.reserve, ...room });
    if (!budget) return { is: "done", answer: noRoom };
    const asked = await child
      .delegate({
        ...(subagent.agent === undefined ? {} : { agent: subagent.agent }),
        ...budgetOf(budget),
        message: taskOf(input),
        runId: idOf(key),
        ...(open.answer.runId === active.runId ? {} : { goOnAs: goesOnAs(key, active.runId) }),
        ...deadlineOf(active, subagent),
        outputSchema: (await asSchema(subagent.outputSchema).jsonSchema) as Json,
      })
      .catch((thrown: unknown) => {
        // It was not begun, and will not be.
        if (thrown instanceof SessileError && !thrown.retryable) budgets.release(key);
        throw thrown;
      });
    const { run } = asked;
    if (!run || run.endedAt === null) return { is: "atWork", child: asked.child };
    return {
      is: "done",
      answer: { ...(await subagentResult(run, subagent)), used: usedBy(asked, active, key, toolName) },
    };
  }

  /** Ends what children are at for these calls; it is work of the session, so that it reaches them whatever dies. */
  startStopping(runId: string, agent: string, how: RunStop, calls: readonly OpenCall[]): void {
    for (const open of calls) {
      const { toolName, input } = open.call;
      const key = callKey(open);
      const stop: StopInput = { how, agent, toolName, input: input as Json, key, runId };
      if (this.#childOf(stop))
        this.#options.session.startWork(stopWork, { workId: `stop/${runId}/${how}/${key}`, input: stop });
    }
  }

  async stop(work: WorkContext, input: StopInput): Promise<undefined> {
    const child = this.#childOf(input);
    const stop = async () => {
      for (const runId of begunBy(input)) await child?.stop(input.how, runId);
      return null;
    };
    if (child) await work.step("stop", stop, { attempts: 20 });
    return undefined;
  }

  /** Who carries out such a call; null: nobody else, or it is waited for by nobody. */
  #childOf({ agent: name, toolName, input, key }: StopInput): ChildSession | null {
    const agent = this.#options.agents().find((one) => one.name === name);
    const subagent = agent?.subagents[toolName];
    if (subagent) return this.sessions.of(subagent.namespace, this.sessions.subagentName(key, toolName));
    const call = companionCallOf(toolName, input);
    return call && agent ? this.#companions.find(agent.companions, call) : null;
  }
}

/**
 * The runs that a call may have begun: what the child is at when this comes late may be another's. Undefined is whatever it is at: of
 * a call that waits for what others began, and of one that is left, after which nothing is done in its session.
 */
function begunBy({ how, toolName, input, key, runId }: StopInput): readonly (string | undefined)[] {
  const call = companionCallOf(toolName, input);
  if (call) return [call.op === "waitForResult" ? undefined : idOf(key)];
  return how === "abort" || runId === undefined ? [undefined] : [idOf(key), goesOnAs(key, runId)];
}

/** The run by which a child goes on with a call of another run. */
function goesOnAs(key: string, runId: string): string {
  return idOf(`${key} ${runId}`);
}

/** What is not bounded is not named. */
function budgetOf({ tokens = 0, costMicros = 0 }: UsageAmount): Pick<Delegation, "budget"> {
  const budget = { ...(tokens > 0 ? { tokens } : {}), ...(costMicros > 0 ? { costMicros } : {}) };
  return Object.keys(budget).length === 0 ? {} : { budget };
}

function deadlineOf({ deadlineAt }: ActiveRun, { timeoutMs = Number.POSITIVE_INFINITY }: Subagent) {
  const left = deadlineAt === null ? Number.POSITIVE_INFINITY : Math.max(1, deadlineAt - Date.now());
  const deadlineMs = Math.min(timeoutMs, left);
  return Number.isFinite(deadlineMs) ? { deadlineMs } : {};
}

/** On the meter of the session that asked; the child's own has it in detail. */
function usedBy({ run, costMicros }: DelegatedRun, { runId }: ActiveRun, key: string, name: string) {
  const { inputTokens = 0, outputTokens = 0 } = run?.result?.usage ?? {};
  return {
    entryId: key,
    kind: "subagent" as const,
    source: "agent",
    name,
    inputTokens,
    outputTokens,
    costMicros,
    durationMs: (run?.endedAt ?? 0) - (run?.startedAt ?? 0),
    ref: runId,
  };
}
