import type { Writer } from "../kernel/index.ts";
import type { CallGate, PendingCall } from "../object/call-gate.ts";
import type { Session } from "../object/session.ts";
import type { WorkContext } from "../object/work-runner.ts";
import {
  type ActiveRun,
  type AgentState,
  defaultLimits,
  type RunMeta,
  type RunOutcome,
  type RunRequest,
  type RunResult,
  type RunResumability,
  type RunStep,
  type RunStop,
  resumabilityOf,
  runInfoOf,
  SessileError,
  type SuspendedRun,
  suspendingChunk,
} from "../protocol/index.ts";
import { type AskedCall, settledCall } from "./asked-call.ts";
import { answerId, callKey } from "./call-key.ts";
import { type AgentEvents, Conversation, type LoggedMessage } from "./conversation.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { RunControl } from "./run-control.ts";
import { endOf, type RunEnd, suspendedResult } from "./run-end.ts";
import { RunLoop } from "./run-loop.ts";
import { endingChunks, SessionRunPort } from "./session-run-port.ts";
import { resultChunks, resultMessage } from "./tool-result.ts";
import { type OpenCall, openCalls } from "./transcript.ts";

export type AgentSessionState = { readonly agent: AgentState };

/** What work on a run is given: everything else is in the state. */
export type RunInput = { readonly runId: string; readonly turn: number };

export interface SessionRunsOptions {
  readonly session: Session<unknown, AgentSessionState, AgentEvents>;
  readonly write: <T>(body: (writer: Writer) => T) => T;
  readonly agents: () => readonly AgentDefinition[];
  readonly gateOf: (call: PendingCall) => CallGate;
}

const contentType = "application/json";
/** What an event says beside its message. */
const overheadChars = 500;
const storeRetryMs = 1000;

/**
 * The runs of a session, one at a time. What matters of the one that goes on is in the session's state; here are only the promises of
 * the work on it, which starts anew whenever the object died, or the run was suspended and is waited for no more.
 */
export class SessionRuns {
  readonly conversation: Conversation;
  readonly #options: SessionRunsOptions;
  readonly #running = new Map<string, RunControl>();

  constructor(options: SessionRunsOptions) {
    this.#options = options;
    const { session } = options;
    const agent = () => this.#agent;
    this.conversation = new Conversation({
      get agent() {
        return agent();
      },
      setAgent: (change) => this.#set(change),
      append: (type, message) => session.append(type, message),
      readEvents: (page) => session.readEvents(page),
    });
  }

  /** @throws SessileError `conflict` while another goes on, or if there is nothing to go on with */
  start({ agent: name, message, runId = crypto.randomUUID(), from }: RunRequest): string {
    const { session, write } = this.#options;
    const known = write((writer) => writer.streams.find(runId));
    if (known) {
      if (runInfoOf(known)) return runId;
      throw new SessileError("conflict", "A stream has this id that is no run's.", { field: "runId" });
    }
    const agent = this.#definition(name);
    const { active } = this.#agent;
    if (active)
      throw new SessileError("conflict", "A run is going on. Wait for its end, or interrupt it.", {
        field: "runId",
        current: active.runId,
      });
    if (message === undefined && !from) this.#assertResumable();
    else this.#leave(null, from);
    const meta: RunMeta = { run: { agent: agent.name, ...(from ? { from } : {}) } };
    session.streams.open(runId, { contentType, meta });
    write(({ streams }) =>
      streams.append({ streamId: runId, chunks: [{ type: "start", messageId: runId }] }),
    );
    if (message !== undefined) this.#say(message, runId);
    const deadlineAt = agent.deadlineMs === undefined ? null : Date.now() + agent.deadlineMs;
    const startedBy = session.caller?.id ?? null;
    const begun = { runId, agent: agent.name, stop: null, turn: 1, deadlineAt, startedBy, suspended: null };
    this.#set({ active: begun });
    this.#work(begun);
    return runId;
  }

  /**
   * Goes on with the run that is suspended, or where the last one stopped. With a message, what is still waited for is withdrawn.
   *
   * @throws SessileError `conflict`
   */
  resume({ message, ...request }: RunRequest): string {
    const { active, last } = this.#agent;
    if (!active?.suspended || request.from) {
      const agent = request.agent ?? (last ? this.#agentOf(last.runId) : undefined);
      return this.start({
        ...request,
        ...(message === undefined ? {} : { message }),
        ...(agent ? { agent } : {}),
      });
    }
    if (message === undefined) this.#assertResumable();
    this.#wake(active);
    if (message !== undefined) {
      this.#leave(active.runId);
      this.#say(message, active.runId);
    }
    return active.runId;
  }

  resumability(): RunResumability {
    return resumabilityOf(this.#agent, this.#options.session.view.gates);
  }

  /** What there is of a run that waits. */
  suspended({ runId, agent }: ActiveRun, waiting: SuspendedRun): RunResult {
    return suspendedResult({ runId, agent, said: this.conversation.read() }, waiting);
  }

  /** @param force in this very commit, whatever the run is at; what it was at may still have its effect */
  stop(how: RunStop, runId?: string, force = false): boolean {
    const { active } = this.#agent;
    if (!active || (runId !== undefined && runId !== active.runId)) return false;
    const stop = active.stop === "abort" ? "abort" : how;
    if (stop !== active.stop) this.#set({ active: { ...active, stop } });
    if (active.suspended || force) this.#finish(active, this.#stopped(active, stop, force ? "forced" : null));
    const control = this.#running.get(active.runId);
    if (stop === "abort") control?.abort();
    else control?.interrupt();
    return true;
  }

  /** A run that waits goes on as soon as nobody is waited for, in the commit that settled the last of it. */
  goOn(): void {
    const { active } = this.#agent;
    if (active?.suspended && this.resumability().canResume) this.#wake(active);
  }

  /** Runs again whenever the object died meanwhile, and goes on from the messages and the journal. */
  async work(work: WorkContext, { runId, turn }: RunInput): Promise<undefined> {
    const current = () => {
      const { active } = this.#agent;
      return active?.runId === runId && active.turn === turn && !active.suspended ? active : null;
    };
    const active = current();
    // It had come to its end, and died before the journal knew.
    if (!active) return undefined;
    const control = new RunControl(() => {
      const now = current();
      return now ? now.stop : "abort";
    }, active.deadlineAt);
    this.#running.set(runId, control);
    try {
      const end = await this.#execute(work, active, control);
      if (current()) await this.#settle(work, current, end);
    } finally {
      // Whatever is still to come is nobody's any more.
      control.abort();
      control.dispose();
      if (this.#running.get(runId) === control) this.#running.delete(runId);
    }
    return undefined;
  }

  async #execute(work: WorkContext, active: ActiveRun, control: RunControl): Promise<RunEnd | SuspendedRun> {
    const { session, write, agents } = this.#options;
    const { runId, agent: name } = active;
    const agent = agents().find((one) => one.name === name);
    if (!agent) {
      const error = new SessileError("not_found", `There is no agent named "${name}" any more.`);
      return endOf({ runId, agent: name, said: this.conversation.read() }, "failed", error);
    }
    const { maxPayloadChars, maxChunkChars } = { ...defaultLimits, ...session.limits };
    const port = new SessionRunPort({
      work,
      runId,
      read: () => this.conversation.read(),
      writer: session.streams.open(runId, { contentType, meta: null }),
      streams: session.streams,
      maxOutputChars: Math.min(maxPayloadChars, maxChunkChars) - overheadChars,
      commit: (step, { said, used, chunks }) => {
        this.conversation.say(said);
        if (used) session.budgets.settle(used.entryId, used);
        if (chunks.length > 0) write(({ streams }) => streams.append({ streamId: runId, chunks, step }));
      },
      ask: (call) => this.#ask(active, call),
      gate: (gateId) => session.gate(gateId),
      reserve: (step, amount) =>
        session.budgets.reserve({
          ...amount,
          reservationId: answerId(runId, step),
          source: "agent",
          ref: runId,
        }),
      report: (message, thrown) => session.log("warn", "run", message, { runId, detail: String(thrown) }),
    });
    return new RunLoop(runId, agent, port, control).run();
  }

  #ask({ runId, startedBy, deadlineAt }: ActiveRun, call: AskedCall): void {
    const { session, write, gateOf } = this.#options;
    const { gateId, kind, title, toolName, toolCallId, input, questions, step } = call;
    const { isEditable, expiresAt, ...given } = gateOf({ kind, toolName, toolCallId, input });
    // What the run has no time for need not be answered.
    const until = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, deadlineAt ?? Number.POSITIVE_INFINITY);
    session.commit(() => {
      const asking = [{ type: "tool-approval-request", approvalId: gateId, toolCallId }];
      if (kind === "approval")
        write(({ streams }) => streams.append({ streamId: runId, chunks: asking, step }));
      session.openGate({
        gateId,
        kind,
        title: title.slice(0, 1000),
        call: { name: toolName, arguments: input, callId: toolCallId },
        ...(questions ? { questions } : {}),
        ...(startedBy === null ? {} : { requestedBy: startedBy }),
        ...(isEditable && kind === "approval" ? { isEditable } : {}),
        ...(Number.isFinite(until) ? { expiresAt: until } : {}),
        ...given,
      });
    });
  }

  /** A store that is away for a while must not keep the session busy for ever. */
  async #settle(
    work: WorkContext,
    current: () => ActiveRun | null,
    end: RunEnd | SuspendedRun,
  ): Promise<void> {
    const commit = () => {
      const active = current();
      if (!active) return;
      if ("result" in end) this.#finish(active, end);
      else if (active.stop) this.#finish(active, this.#stopped(active, active.stop));
      else this.#suspend(active, end);
    };
    for (;;) {
      try {
        await work.step("end", () => null, { commit });
        return;
      } catch (thrown) {
        if (!(thrown instanceof SessileError) || !thrown.retryable) throw thrown;
        await scheduler.wait(storeRetryMs);
      }
    }
  }

  #suspend(active: ActiveRun, suspended: SuspendedRun): void {
    const { runId } = active;
    this.#options.write(({ streams }) => {
      streams.append({ streamId: runId, chunks: [suspendingChunk(suspended.outcome)] });
      streams.pause(runId);
    });
    this.#set({ active: { ...active, suspended } });
    // The last answer may have come meanwhile.
    this.goOn();
  }

  #wake(active: ActiveRun): void {
    const next = { ...active, turn: active.turn + 1, suspended: null };
    this.#options.write(({ streams }) => streams.resume(active.runId));
    this.#set({ active: next });
    this.#work(next);
  }

  #work({ runId, turn }: ActiveRun): void {
    const input: RunInput = { runId, turn };
    this.#options.session.startWork("run", { workId: turn === 1 ? runId : `${runId}~${turn}`, input });
  }

  /** Ends the stream, keeps the result and frees the session in one commit. */
  #finish({ runId }: ActiveRun, { result, error }: RunEnd): void {
    const { session, write } = this.#options;
    const { outcome } = result as { readonly outcome: RunOutcome };
    this.#set({ active: null, last: { runId, outcome } });
    const isOpen = write(({ streams }) => {
      const { status } = streams.find(runId) ?? {};
      if (status === "paused") streams.resume(runId);
      return status === "active" || status === "paused";
    });
    if (outcome === "aborted") this.#leave(isOpen ? runId : null);
    if (isOpen) write(({ streams }) => streams.append({ streamId: runId, chunks: endingChunks(result) }));
    session.streams.finish(runId, error ? { error } : { output: result });
    // For the answer that did not come.
    session.budgets.release(answerId(runId, result.steps + 1));
  }

  #stopped({ runId, agent }: ActiveRun, stop: RunStop, reason: string | null = null): RunEnd {
    const run = { runId, agent, said: this.conversation.read() };
    return endOf(run, stop === "abort" ? "aborted" : "interrupted", reason);
  }

  /** What is open will not be gone on with: nobody is asked about it any more, and the model is told so. With `from`, back to there. */
  #leave(streamId: string | null, from?: RunStep): void {
    // Read before anything is written: a commit is read once it is done.
    const said = this.conversation.read();
    const place = from && placeOf(said, from);
    this.#withdraw(openCalls(said), streamId);
    if (place) this.#set({ head: place.seq });
  }

  #withdraw(calls: readonly OpenCall[], streamId: string | null): void {
    const { session, write } = this.#options;
    for (const open of calls) {
      const gateId = callKey(open);
      if (!Object.hasOwn(session.view.gates, gateId)) continue;
      session.expireGate(gateId);
      const record = session.gate(gateId);
      const settled = record && settledCall(record, open.call);
      if (!record || settled?.do !== "tell") continue;
      const { runId, step } = open.answer;
      this.conversation.say([{ message: resultMessage(open.call, settled.output), runId, step }]);
      const chunks = resultChunks(open.call, settled.output, { record, settled });
      if (streamId !== null) write(({ streams }) => streams.append({ streamId, chunks }));
    }
  }

  #say(message: string, runId: string): void {
    this.conversation.say([{ message: { role: "user", content: message }, runId, step: 0 }]);
  }

  #assertResumable(): void {
    const { canResume, reason } = this.resumability();
    if (canResume) return;
    const why = reason === "waiting" ? "The run waits for answers" : "There is nothing to go on with";
    throw new SessileError("conflict", `${why}. Say what is to be done.`, {
      field: "message",
      current: reason,
    });
  }

  #agentOf(runId: string): string | undefined {
    const stream = this.#options.write((writer) => writer.streams.find(runId));
    return (stream && runInfoOf(stream)?.agent) ?? undefined;
  }

  #definition(name: string | undefined): AgentDefinition {
    const agents = this.#options.agents();
    const [only, ...others] = agents;
    const found =
      name === undefined ? (others.length === 0 ? only : null) : agents.find((one) => one.name === name);
    if (found) return found;
    const names = agents.map((one) => one.name).join(", ");
    throw new SessileError("bad_request", `agent is one of: ${names}.`, { field: "agent" });
  }

  get #agent(): AgentState {
    return this.#options.session.state.agent as AgentState;
  }

  #set(change: Partial<AgentState>): void {
    const { session } = this.#options;
    session.setState({ ...session.state, agent: { ...this.#agent, ...change } } as AgentSessionState);
  }
}

/** The last message of a step whose calls all have their results. @throws SessileError `not_found`, `conflict` */
function placeOf(said: readonly LoggedMessage[], { runId, step }: RunStep): LoggedMessage {
  const at = said.findLastIndex(
    (one) => one.runId === runId && one.step === step && one.message.role !== "user",
  );
  const place = said[at];
  if (!place) throw new SessileError("not_found", "The conversation has no such step.", { field: "from" });
  if (openCalls(said.slice(0, at + 1)).length > 0)
    throw new SessileError("conflict", "That step was not finished.", { field: "from" });
  return place;
}
