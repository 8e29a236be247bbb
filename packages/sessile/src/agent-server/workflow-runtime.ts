import { nextMove } from "../agent/run/transcript.ts";
import type { Actor } from "../protocol/event.ts";
import {
  type Gate,
  type GateOutcome,
  type RunInfo,
  type RunStop,
  runInfoOf,
  SessileError,
  type SuspendedRun,
} from "../protocol/index.ts";
import {
  initialSessionState,
  type SessionState,
  type StoredSessionState,
} from "../protocol/session-state.ts";
import type { UsageRollup } from "../protocol/usage.ts";
import type { AgentRuntime, CallAnswer, OpenRuntime, RunStreams, StartRequest } from "./agent-runtime.ts";
import { waitingGates, withdrawn } from "./call-gates.ts";
import { launch, workflowOf } from "./launch.ts";
import { openRunStream } from "./run-stream.ts";
import { closeRun } from "./settle-run.ts";
import { readMessages, storedMessage } from "./stored-message.ts";
import { isWaiting, WaitingRuns } from "./waiting-run.ts";
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
  readonly #waiting: WaitingRuns;

  constructor(env: unknown, binding: string, actor: Actor | null) {
    this.#binding = binding;
    this.#actor = actor;
    this.#workflow = workflowOf(env, binding);
    this.#stores = openStores(env);
    this.#waiting = new WaitingRuns(this.#stores, this.#workflow, binding);
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
    if (isWaiting(stored) && message === undefined)
      throw new SessileError("conflict", "The run waits for answers.", { current: "waiting" });
    if (before && (stored.status === "active" || isWaiting(stored)))
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
    if (!ticket || (runId !== undefined && runId !== ticket.runId)) return false;
    if (stored.status !== "active") return this.#waiting.stop(sessionId, how);
    const abort = stopReason("abort", ticket.runId);
    const flag = await state.checkInterruptFlag(sessionId);
    if (flag?.reason !== abort) await state.setInterruptFlag(sessionId, stopReason(how, ticket.runId));
    // It may have begun to wait meanwhile, and heeds no flag then.
    await this.#waiting.stop(sessionId, how);
    return true;
  }

  async newest(sessionId: string): Promise<RunInfo | null> {
    const stored = await this.#stores.state.loadState(sessionId);
    const ticket = stored && ticketOf(stored);
    if (!ticket) return null;
    if (stored.status === "active")
      await wake(this.#workflow, this.#stores, this.#paramsOf(sessionId, ticket));
    else if (isWaiting(stored)) await this.#waiting.lapse(sessionId);
    const run = await this.find(sessionId, ticket.runId);
    if (run?.status !== "running" || stored.status === "active" || isWaiting(stored)) return run;
    // It has ended in the store, perhaps by somebody else's hand, and nothing of it may be at work to tell its readers.
    await closeRun(this.#stores, sessionId, ticket);
    return this.find(sessionId, ticket.runId);
  }

  async find(sessionId: string, runId: string): Promise<RunInfo | null> {
    const stream = await this.streams(sessionId).getInfo(runId);
    if (stream?.status !== "active") return stream && runInfoOf(stream);
    const stored = await this.#stores.state.loadState(sessionId);
    return runInfoOf(stream, { runId, suspended: stored && suspendedIn(stored, runId) });
  }

  async gates(sessionId: string): Promise<readonly Gate[]> {
    const stored = await this.#stores.state.loadState(sessionId);
    return stored ? waitingGates(stored) : [];
  }

  answer(sessionId: string, gateId: string, answer: CallAnswer): Promise<GateOutcome> {
    return this.#waiting.answer(sessionId, gateId, answer, this.#actor);
  }

  async assertTheirs(sessionId: string): Promise<void> {
    const stored = await this.#stores.state.loadState(sessionId);
    if (!stored || (stored.userId !== null && stored.userId === this.#actor?.id)) return;
    // As it is told of one that is not there.
    throw new SessileError("not_found", "There is no run in this session.", { field: "sessionId" });
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
    const made = await this.#opened(sessionId, agent);
    if (made.userId === userId) return made;
    // Whoever asks was let into a session that was not there.
    throw new SessileError("conflict", "Somebody else has made this session meanwhile.", {
      field: "sessionId",
    });
  }

  /** @returns null if the session has changed meanwhile */
  async #begin(stored: StoredSessionState, request: StartRequest): Promise<RunTicket | null> {
    const { sessionId, version, messageCount } = stored;
    const { agent, runId, message, deadlineMs } = request;
    const ticket: RunTicket = {
      runId,
      agent,
      startedBy: this.#actor?.id ?? null,
      deadlineAt: deadlineMs === undefined ? null : Date.now() + deadlineMs,
      instance: 1,
      fromMessage: messageCount,
    };
    const { state } = this.#stores;
    const left = message === undefined ? null : await this.#withdrawn(stored);
    const said = message === undefined ? [] : [{ role: "user" as const, content: message }];
    await state.createRun(sessionId, { runId });
    // A wish that came when nothing went on is nobody's.
    await state.clearInterruptFlag(sessionId);
    const saved = await state.saveStateAndPromoteStaging(sessionId, {
      state: {
        ...stateWith(stored, ticket),
        ...startedState(agent, streamNameOf(sessionId, runId)),
        ...left?.fields,
      },
      expectedVersion: version,
      messages: [
        ...(left?.messages ?? []),
        ...said.map((one) => storedMessage({ message: one, runId, step: 0 })),
      ],
      run: { runId, status: "running" },
    });
    if (saved.ok) return ticket;
    // Should somebody else have begun this very run, its first step says that it goes on.
    await state.updateRun(sessionId, runId, { status: "failed" }, { expected: ["running"] });
    return null;
  }

  /** What the run before has asked is not waited for any more. @returns null if that is nothing */
  async #withdrawn(stored: StoredSessionState) {
    if (waitingGates(stored).length === 0) return null;
    const { sessionId } = stored;
    return withdrawn(stored, await readMessages(this.#stores.state, sessionId), sessionId);
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

function suspendedIn(stored: StoredSessionState, runId: string): SuspendedRun | null {
  if (!isWaiting(stored) || ticketOf(stored)?.runId !== runId) return null;
  const calls = waitingGates(stored).map(({ gateId, kind = "approval", call }) => ({
    gateId,
    kind,
    ...(call ? { toolCallId: call.callId ?? "", toolName: call.name } : {}),
  }));
  return { outcome: "suspended_client_tool", step: stored.stepCount, calls, children: [] };
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
