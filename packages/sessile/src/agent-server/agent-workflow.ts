import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import type { AgentDefinition } from "../agent/define-agent.ts";
import { fittingEnd } from "../agent/run/output-fit.ts";
import { RunChunks } from "../agent/run/run-chunks.ts";
import { RunControl } from "../agent/run/run-control.ts";
import { endOf, type RunEnd } from "../agent/run/run-end.ts";
import { RunLoop } from "../agent/run/run-loop.ts";
import type { RunLogger } from "../agent/run/run-session.ts";
import type { PendingCall } from "../object/gates/call-gate.ts";
import { describeThrown } from "../object/write-report.ts";
import { type Json, SessileError, type SuspendedRun } from "../protocol/index.ts";
import { type WorkflowCallGate, waitingGates } from "./call-gates.ts";
import { launch, workflowOf } from "./launch.ts";
import { persistently } from "./persistently.ts";
import { RunState } from "./run-state.ts";
import { openRunStream, tellWaiting } from "./run-stream.ts";
import { closeRun, settleRun } from "./settle-run.ts";
import { readMessages } from "./stored-message.ts";
import { isWaiting, WaitingRuns, waitEndsAt } from "./waiting-run.ts";
import { watchStop } from "./watch-stop.ts";
import { openStores, type RunParams, type RunStores } from "./workflow-run.ts";
import { WorkflowRunPort } from "./workflow-run-port.ts";

/** What a model may ask to wait before it is asked again, and some for storing. */
const marginMs = 120_000;
/** A Workflow sleeps for a year at most. */
const maxSleepMs = 30 * 24 * 3_600_000;

/**
 * Runs agents on a Workflow: each instance carries one run. Messages and states lie in D1 (`SESSILE_RECORD`), what runs say in
 * standalone streams (`SESSILE_STREAM`).
 *
 *     export class Research extends AgentWorkflow<Env> {
 *       readonly agents = agents(this.env);
 *     }
 */
export abstract class AgentWorkflow<Env = unknown> extends WorkflowEntrypoint<Env, RunParams> {
  abstract readonly agents: readonly AgentDefinition[];
  /**
   * Steps that one instance takes before a next one goes on. The platform's own bound is 1,024 on the free plan and 10,000 on the paid
   * one; all calls of one answer are made by the instance that makes the first.
   */
  protected readonly maxInstanceSteps: number = 500;

  /** Default: warnings and errors are in the Worker's log. */
  readonly logger: RunLogger = {
    log: (level, message, attrs) => {
      if (level === "warn" || level === "error") console[level](message, attrs);
    },
  };

  /** Decides about the gate of a call that others answer. Default: it waits for ever, for anybody who may approve. */
  protected gateOf(_call: PendingCall): WorkflowCallGate {
    return {};
  }

  /** Carries a run from wherever it is, as often as the platform begins anew. */
  override async run({ payload }: Readonly<WorkflowEvent<RunParams>>, step: WorkflowStep): Promise<void> {
    const stores = openStores(this.env);
    for (;;) {
      const state = await RunState.load(stores, payload);
      if (!state) return;
      if (isWaiting(state.stored)) return this.#wait(stores, state, step);
      if (!state.isActive) return closeRun(stores, payload.sessionId, state.ticket);
      if (state.stepsTaken >= this.maxInstanceSteps) return this.#handOn(state);
      const end = await this.#carry(stores, state, step);
      if (end) await unlessMoved(state, "result" in end ? settleRun(stores, state, end) : state.suspend(end));
    }
  }

  /** Whoever answers has a next instance go on. This one ends, or sleeps until something is up, without which nobody would see to that. */
  async #wait(stores: RunStores, state: RunState, step: WorkflowStep): Promise<void> {
    const { sessionId, params, ticket, stored } = state;
    const waiting = new WaitingRuns(stores, workflowOf(this.env, params.binding), params.binding);
    await persistently(() => tellWaiting(stores.streams, sessionId, ticket, waitingGates(stored)));
    // It may have come while the run was about to wait.
    const stop = await state.refreshStop();
    if (stop) await persistently(() => waiting.stop(sessionId, stop));
    for (let turn = 1; ; turn++) {
      const now = await RunState.load(stores, params);
      const endsAt = now && waitEndsAt(now.stored);
      if (endsAt === null) return;
      await step.sleep(`wait:${turn}`, Math.min(maxSleepMs, Math.max(1, endsAt - Date.now())));
      await persistently(() => waiting.lapse(sessionId));
    }
  }

  async #handOn(state: RunState): Promise<void> {
    const next = await unlessMoved(state, state.handOn());
    if (next) await persistently(() => launch(workflowOf(this.env, next.binding), next));
  }

  /** @returns null if the run has moved */
  async #carry(
    stores: RunStores,
    state: RunState,
    step: WorkflowStep,
  ): Promise<RunEnd | SuspendedRun | null> {
    const { runId, agent: name, deadlineAt } = state.ticket;
    const said = await persistently(() => readMessages(stores.state, state.sessionId));
    const agent = this.agents.find((one) => one.name === name);
    if (!agent) {
      const error = new SessileError("not_found", `There is no agent named "${name}" any more.`);
      return endOf({ runId, agent: name, said }, "failed", error);
    }
    const control = new RunControl(() => state.stop, deadlineAt);
    const unwatch = watchStop(state, control);
    try {
      await state.refreshStop();
      const writer = await persistently(() => openRunStream(stores.streams, state.streamName, state.ticket));
      const port = new WorkflowRunPort({
        said,
        state,
        step,
        control,
        maxSteps: this.maxInstanceSteps,
        stepTimeoutMs: agent.modelAttempts * (agent.stepTimeoutMs + marginMs),
        chunks: new RunChunks(stores.streams, writer),
        ask: (call) => state.ask(call, this.gateOf(call)),
        report: (message, thrown) => this.#report(message, { runId, ...describeThrown(thrown) }),
      });
      const end = await new RunLoop(runId, agent, port, control).run();
      return state.isMoved ? null : fittingEnd(end, agent.outputSchema);
    } finally {
      unwatch();
      control.abort();
      control.dispose();
    }
  }

  /** A step must not fail over its logger. */
  #report(message: string, attrs: { readonly [name: string]: Json }): void {
    try {
      this.logger.log("warn", message, attrs);
    } catch (thrown) {
      console.error("The logger failed", String(thrown));
    }
  }
}

/** @returns null if the run has moved, which is found out by saving */
async function unlessMoved<T>(state: RunState, saved: Promise<T>): Promise<T | null> {
  try {
    return await saved;
  } catch (thrown) {
    if (state.isMoved) return null;
    throw thrown;
  }
}
