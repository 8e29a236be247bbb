import { nextMove } from "../agent/run/transcript.ts";
import type { Actor } from "../protocol/event.ts";
import { type RunInfo, type RunStop, runInfoOf, SessileError } from "../protocol/index.ts";
import {
  initialSessionState,
  type SessionState,
  type StoredSessionState,
} from "../protocol/session-state.ts";
import type { UsageRollup } from "../protocol/usage.ts";
import type { AgentRuntime, OpenRuntime, RunStreams, StartRequest } from "./agent-runtime.ts";
import { launch, workflowOf } from "./launch.ts";
import { openRunStream } from "./run-stream.ts";
import { readMessages, storedMessage } from "./stored-message.ts";
import { wake } from "./wake.ts";
import {
  openStores,
  type RunParams,
  type RunStores,
  type RunTicket,
  stateWith,
  stopReason,
  streamNameOf,
  ticketOf,
} from "./workflow-run.ts";

/**
 * Runs on a Workflow.
 *
 * @param binding of a class that extends `AgentWorkflow`; beside it there are `SESSILE_RECORD` (D1) and `SESSILE_STREAM` (`StreamObject`)
 */
export function workflowRuntime<Env>(binding: string): OpenRuntime<Env> {
  return (env, actor) => new WorkflowRuntime(env, binding, actor);
}

const none = {
  runId: "",
  stop: null,
  isOverdue: false,
  maxSteps: Number.MAX_SAFE_INTEGER,
  waits: () => false,
};

class WorkflowRuntime implements AgentRuntime {
  readonly #binding: string;
  readonly #actor: Actor | null;
  readonly #workflow: Workflow<RunParams>;
  readonly #stores: RunStores;

  constructor(env: unknown, binding: string, actor: Actor | null) {
    this.#binding = binding;
    this.#actor = actor;
    this.#workflow = workflowOf(env, binding);
    this.#stores = openStores(env);
  }

  async start(sessionId: string, request: StartRequest): Promise<string> {
    const { agent, runId, message } = request;
    const stored = await this.#opened(sessionId, agent);
    const before = ticketOf(stored);
    if (before?.runId === runId && stored.status === "active") {
      await this.#set(sessionId, before);
      return runId;
    }
    if (await this.#stores.streams.getInfo(streamNameOf(sessionId, runId))) return runId;
    if (before && stored.status === "active")
      throw new SessileError("conflict", "A run is going on. Wait for its end, or interrupt it.", {
        field: "runId",
        current: before.runId,
      });
    if (message === undefined) await this.#assertResumable(stored);
    const ticket = await this.#begin(stored, request);
    // Somebody else was first with the same run, or with another: both are found by asking again.
    if (!ticket) return this.start(sessionId, request);
    await this.#set(sessionId, ticket);
    return runId;
  }

  async stop(sessionId: string, how: RunStop, runId?: string): Promise<boolean> {
    const { state } = this.#stores;
    const stored = await state.loadState(sessionId);
    const ticket = stored && ticketOf(stored);
    if (stored?.status !== "active" || !ticket || (runId !== undefined && runId !== ticket.runId))
      return false;
    const abort = stopReason("abort", ticket.runId);
    const flag = await state.checkInterruptFlag(sessionId);
    if (flag?.reason !== abort) await state.setInterruptFlag(sessionId, stopReason(how, ticket.runId));
    return true;
  }

  async newest(sessionId: string): Promise<RunInfo | null> {
    const stored = await this.#stores.state.loadState(sessionId);
    const ticket = stored && ticketOf(stored);
    if (!ticket) return null;
    if (stored.status === "active")
      await wake(this.#workflow, this.#stores, this.#paramsOf(sessionId, ticket));
    return this.find(sessionId, ticket.runId);
  }

  async find(sessionId: string, runId: string): Promise<RunInfo | null> {
    const stream = await this.streams(sessionId).getInfo(runId);
    return stream && runInfoOf(stream);
  }

  streams(sessionId: string): RunStreams {
    const { streams } = this.#stores;
    return {
      getInfo: async (runId) => {
        const info = await streams.getInfo(streamNameOf(sessionId, runId));
        return info && { ...info, streamId: runId };
      },
      createReader: (runId, options) => streams.createReader(streamNameOf(sessionId, runId), options),
    };
  }

  usage(sessionId: string): Promise<UsageRollup> {
    return this.#stores.usage.getRollup(sessionId);
  }

  async #opened(sessionId: string, agent: string): Promise<StoredSessionState> {
    const { state } = this.#stores;
    const stored = await state.loadState(sessionId);
    if (stored) return stored;
    const userId = this.#actor?.id ?? null;
    await state.createSession(sessionId, initialSessionState(agent, sessionId, { userId }));
    return this.#opened(sessionId, agent);
  }

  /** @returns null if the session has changed meanwhile */
  async #begin(stored: StoredSessionState, request: StartRequest): Promise<RunTicket | null> {
    const { sessionId, version, messageCount } = stored;
    const { agent, runId, message, deadlineMs } = request;
    const ticket: RunTicket = {
      runId,
      agent,
      deadlineAt: deadlineMs === undefined ? null : Date.now() + deadlineMs,
      instance: 1,
      fromMessage: messageCount,
    };
    const said = message === undefined ? [] : [{ role: "user" as const, content: message }];
    const { state } = this.#stores;
    await state.createRun(sessionId, { runId });
    // A wish that came when nothing went on is nobody's.
    await state.clearInterruptFlag(sessionId);
    const saved = await state.saveStateAndPromoteStaging(sessionId, {
      state: { ...stateWith(stored, ticket), ...startedState(agent, streamNameOf(sessionId, runId)) },
      expectedVersion: version,
      messages: said.map((one) => storedMessage({ message: one, runId, step: 0 })),
      run: { runId, status: "running" },
    });
    if (saved.ok) return ticket;
    // Should somebody else have begun this very run, its first step says that it goes on.
    await state.updateRun(sessionId, runId, { status: "failed" }, { expected: ["running"] });
    return null;
  }

  /** The stream and the instance of a run that is in the store: made now, or there already. */
  async #set(sessionId: string, ticket: RunTicket): Promise<void> {
    await openRunStream(this.#stores.streams, streamNameOf(sessionId, ticket.runId), ticket);
    await launch(this.#workflow, this.#paramsOf(sessionId, ticket));
  }

  async #assertResumable({ sessionId, status, aborted }: StoredSessionState): Promise<void> {
    if (status !== "completed" && !aborted) {
      const said = await readMessages(this.#stores.state, sessionId);
      if (said.length > 0 && nextMove(said, none).do !== "end") return;
    }
    throw new SessileError("conflict", "There is nothing to go on with. Say what is to be done.", {
      field: "message",
      current: aborted ? "aborted" : status,
    });
  }

  #paramsOf(sessionId: string, { runId, instance }: RunTicket): RunParams {
    return { sessionId, runId, instance, binding: this.#binding };
  }
}

function startedState(agentType: string, streamId: string): Partial<SessionState> {
  return {
    agentType,
    streamId,
    status: "active",
    stepCount: 0,
    output: null,
    error: null,
    failureReason: null,
    aborted: false,
    abortReason: null,
  };
}
