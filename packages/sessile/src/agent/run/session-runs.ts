import {
  type ActiveRun,
  type AgentState,
  isOpen,
  type RunChild,
  type RunInfo,
  type RunMeta,
  type RunOutcome,
  type RunRequest,
  type RunResult,
  type RunResumability,
  type RunStep,
  type RunStop,
  resumabilityOf,
  runContentType,
  runInfoOf,
  SessileError,
  type SessionAddress,
  type SuspendedRun,
  suspendingChunk,
} from "../../protocol/index.ts";
import type { Asker, Delegation } from "../children/child-sessions.ts";
import type { AgentDefinition } from "../define-agent.ts";
import { answerId, callKey } from "./call-key.ts";
import { Conversation } from "./conversation.ts";
import { RunChildren } from "./run-children.ts";
import { endingChunks } from "./run-chunks.ts";
import type { RunControl } from "./run-control.ts";
import { endOf, type RunEnd, suspendedResult } from "./run-end.ts";
import { RunQuestions } from "./run-questions.ts";
import type { AgentSessionState, RunSession } from "./run-session.ts";
import { startTitle } from "./session-title.ts";
import { type OpenCall, openCalls } from "./transcript.ts";

/** What work on a run is given: everything else is in the state. */
export type RunInput = { readonly runId: string; readonly turn: number };

/** Ends a run that waits. One that is at work minds its deadline itself. */
export const deadlineTimer = "sessile.run_deadline";

/**
 * The runs of a session, one at a time: how they begin, wait, go on and end. All of it is in the session's state and changes in commits; the
 * work on a run is `RunWorker`'s.
 */
export class SessionRuns {
  readonly conversation: Conversation;
  readonly children: RunChildren;
  readonly #options: RunSession;
  readonly questions: RunQuestions;
  /** What ends the work on a run, by its id. */
  readonly controls = new Map<string, RunControl>();
  /** Children that have come to an end: a run at work may have been told before that they had not. */
  readonly #ended = new Set<string>();

  constructor(options: RunSession) {
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
    this.children = new RunChildren(options);
    this.questions = new RunQuestions(options, this.conversation);
  }

  /** Seq of the oldest message that the run which goes on has to know; null without one. */
  neededFrom(): number | null {
    const { active } = this.#agent;
    if (!active) return null;
    const said = this.conversation.read();
    // It may have taken over the calls of a run before it.
    const open = openCalls(said)[0]?.answer;
    const from = said.find((one) => one.runId === active.runId || one === open) ?? said.at(-1);
    return from?.seq ?? null;
  }

  /** @throws SessileError `conflict` while another goes on, or if there is nothing to go on with */
  start(
    { agent: name, message, runId = crypto.randomUUID(), from }: RunRequest,
    delegation?: Pick<Delegation & Asker, "deadlineMs" | "outputSchema" | "startedBy">,
  ): string {
    const { session, write, log } = this.#options;
    const known = write((writer) => writer.streams.find(runId));
    if (known) {
      if (runInfoOf(known)) return runId;
      throw new SessileError("conflict", "A stream has this id that is no run's.", { field: "runId" });
    }
    const agent = this.#definition(name);
    const active = this.#ongoing();
    if (active)
      throw new SessileError("conflict", "A run is going on. Wait for its end, or interrupt it.", {
        field: "runId",
        current: active.runId,
      });
    if (message === undefined && !from) this.#assertResumable();
    else this.#leaveOff(null, from);
    const { outputSchema } = delegation ?? {};
    const asked = outputSchema === undefined ? {} : { outputSchema };
    const meta: RunMeta = { run: { agent: agent.name, ...(from ? { from } : {}), ...asked } };
    session.streams.open(runId, { contentType: runContentType, meta });
    write(({ streams }) =>
      streams.append({ streamId: runId, chunks: [{ type: "start", messageId: runId }] }),
    );
    if (message !== undefined) this.#say(message, runId);
    const deadlineMs = Math.min(
      agent.deadlineMs ?? Number.POSITIVE_INFINITY,
      delegation?.deadlineMs ?? Number.POSITIVE_INFINITY,
    );
    const begun: ActiveRun = {
      runId,
      agent: agent.name,
      stop: null,
      turn: 1,
      deadlineAt: Number.isFinite(deadlineMs) ? Date.now() + deadlineMs : null,
      startedBy: delegation?.startedBy ?? session.caller?.id ?? null,
      isReported: delegation !== undefined,
      suspended: null,
    };
    this.#set({ active: begun });
    log("info", "A run begins", { runId, agent: agent.name });
    this.#work(begun);
    return runId;
  }

  /**
   * Goes on with the run that is suspended, or where the last one stopped. With a message, what is still waited for is withdrawn.
   *
   * @throws SessileError `conflict`
   */
  resume({ message, ...request }: RunRequest): string {
    const active = this.#ongoing();
    const { last } = this.#agent;
    if (!active?.suspended || request.from) {
      const agent = request.agent ?? (last ? this.info(last.runId)?.agent : undefined);
      return this.start({
        ...request,
        ...(message === undefined ? {} : { message }),
        ...(agent ? { agent } : {}),
      });
    }
    if (message === undefined) {
      this.#assertResumable();
      this.#wake(active);
      return active.runId;
    }
    // What it does now was asked for by whoever says this, and is nothing that its starter has allowed.
    this.#wake({ ...active, startedBy: this.#options.session.caller?.id ?? null });
    this.#leaveOff(active.runId);
    this.#say(message, active.runId);
    return active.runId;
  }

  /** The parent is told of the end of the run that goes on. */
  reportEnd(): void {
    const { active } = this.#agent;
    if (active && !active.isReported) this.#set({ active: { ...active, isReported: true } });
  }

  /** A sub-agent has come to an end. */
  childEnded({ kind, name }: SessionAddress): void {
    this.#ended.add(`${kind}/${name}`);
    const { active } = this.#agent;
    if (!active?.suspended) return;
    const suspended = { ...active.suspended, children: this.#unended(active.suspended.children) };
    this.#set({ active: { ...active, suspended } });
    this.goOn();
  }

  resumability(): RunResumability {
    return resumabilityOf(this.#agent, this.#options.session.view.gates);
  }

  /** What there is of a run that waits. */
  suspended({ runId, agent }: ActiveRun, waiting: SuspendedRun): RunResult {
    return suspendedResult({ runId, agent, said: this.conversation.read() }, waiting);
  }

  /** @param atOnce why it ends in this very commit, whatever it is at; what it was at may still have its effect */
  stop(how: RunStop, runId?: string, atOnce: string | null = null): boolean {
    const { active } = this.#agent;
    if (!active || (runId !== undefined && runId !== active.runId)) return false;
    const stop = active.stop === "abort" ? "abort" : how;
    if (stop !== active.stop) this.#set({ active: { ...active, stop } });
    if (active.suspended || atOnce) this.#finish(active, this.#stopped(active, stop, atOnce));
    // Once it is stored: a commit that is rolled back stops nothing.
    queueMicrotask(() => this.controls.get(active.runId)?.heed());
    return true;
  }

  /** The time of a run that waits is up. */
  deadlineCame(): void {
    const { active } = this.#agent;
    if (!active?.suspended || Date.now() < (active.deadlineAt ?? Number.POSITIVE_INFINITY)) return;
    const run = { runId: active.runId, agent: active.agent, said: this.conversation.read() };
    this.#finish(active, endOf(run, "exhausted", "deadline"));
  }

  /** A run that waits goes on as soon as nobody is waited for, in the commit that settled the last of it. */
  goOn(): void {
    const active = this.#ongoing();
    const isWaiting = (active?.suspended?.children.length ?? 0) > 0 || !this.resumability().canResume;
    if (active?.suspended && !isWaiting) this.#wake(active);
  }

  /** The run that this work is on, unless it has ended, or waits. */
  current({ runId, turn }: RunInput): ActiveRun | null {
    const { active } = this.#agent;
    return active?.runId === runId && active.turn === turn && !active.suspended ? active : null;
  }

  /** Work on a run begins. */
  begin(input: RunInput): ActiveRun | null {
    this.#ended.clear();
    return this.current(input);
  }

  /** A run's work has come to its end, or to a halt. */
  settle(input: RunInput, end: RunEnd | SuspendedRun): void {
    const active = this.current(input);
    if (!active) return;
    if ("result" in end) this.#finish(active, end);
    else if (active.stop) this.#finish(active, this.#stopped(active, active.stop));
    else this.#suspend(active, end);
  }

  #suspend(active: ActiveRun, suspended: SuspendedRun): void {
    const { runId } = active;
    if (!this.#isWritable(runId)) {
      this.#finish(active, this.#cutOff(active));
      return;
    }
    this.#options.write(({ streams }) => {
      streams.append({ streamId: runId, chunks: [suspendingChunk(suspended.outcome)] });
      streams.pause(runId);
    });
    const children = this.#unended(suspended.children);
    this.#set({ active: { ...active, suspended: { ...suspended, children } } });
    const { session, log } = this.#options;
    const { deadlineAt: dueAt } = active;
    if (dueAt !== null) session.setTimer({ timerId: deadlineTimer, name: deadlineTimer, dueAt });
    log("info", `A run is ${suspended.outcome}`, { runId });
    // The last answer may have come meanwhile.
    this.goOn();
  }

  #wake(active: ActiveRun): void {
    const next = { ...active, turn: active.turn + 1, suspended: null };
    const { session, write } = this.#options;
    write(({ streams }) => streams.resume(active.runId));
    session.cancelTimer(deadlineTimer);
    this.#set({ active: next });
    this.#work(next);
  }

  /** Under an id that is nothing a client can choose, for a run or for anything else that is work: those have no slash. */
  #work({ runId, turn }: ActiveRun): void {
    const input: RunInput = { runId, turn };
    this.#options.session.startWork("run", { workId: `run/${runId}/${turn}`, input });
  }

  /** Ends the stream, keeps the result, frees the session and tells who asked, in one commit. */
  #finish({ runId, agent, isReported }: ActiveRun, { result, error }: RunEnd): void {
    const { session, write, log } = this.#options;
    const { outcome } = result as { readonly outcome: RunOutcome };
    const said = this.conversation.read();
    const open = openCalls(said);
    this.#set({ active: null, last: { runId, outcome } });
    const isOpen = this.#isWritable(runId);
    if (outcome === "interrupted") this.children.startStopping(runId, agent, "interrupt", open);
    if (outcome === "aborted") this.#leave(open, isOpen ? runId : null);
    if (isOpen) write(({ streams }) => streams.append({ streamId: runId, chunks: endingChunks(result) }));
    session.streams.finish(runId, error ? { error } : { output: result });
    session.cancelTimer(deadlineTimer);
    // For the answer that did not come.
    session.budgets.release(answerId(runId, result.steps + 1));
    if (outcome === "completed") startTitle(this.#options, said, runId);
    log(outcome === "failed" ? "warn" : "info", `A run ended as ${outcome}`, {
      runId,
      reason: result.reason,
    });
    if (isReported && session.parent) session.reportToParent("agent.run_ended", { runId, outcome });
  }

  /** The run that has not ended. One that waits has, once somebody has closed its stream: nothing more could be said of it. */
  #ongoing(): ActiveRun | null {
    const { active } = this.#agent;
    if (!active?.suspended) return active;
    const stream = this.#options.write(({ streams }) => streams.find(active.runId));
    if (stream && isOpen(stream)) return active;
    this.#finish(active, this.#cutOff(active));
    return null;
  }

  /** Whether a run's stream takes chunks; one that was paused goes on. Anybody who may write may have closed or deleted it. */
  #isWritable(runId: string): boolean {
    return this.#options.write(({ streams }) => {
      const { status } = streams.find(runId) ?? {};
      if (status === "paused") streams.resume(runId);
      return status === "active" || status === "paused";
    });
  }

  #cutOff({ runId, agent }: ActiveRun): RunEnd {
    return endOf({ runId, agent, said: this.conversation.read() }, "failed", "Its stream was closed.");
  }

  #stopped({ runId, agent }: ActiveRun, stop: RunStop, reason: string | null = null): RunEnd {
    const run = { runId, agent, said: this.conversation.read() };
    return endOf(run, stop === "abort" ? "aborted" : "interrupted", reason);
  }

  /** These calls will not be gone on with: nobody is asked about them any more, and no sub-agent is at them. */
  #leave(calls: readonly OpenCall[], streamId: string | null): void {
    this.questions.withdraw(calls, streamId);
    for (const open of calls) {
      const { runId } = open.answer;
      this.children.startStopping(runId, this.info(runId)?.agent ?? "", "abort", [open]);
      this.#options.session.budgets.release(callKey(open));
    }
  }

  /** Read before anything is written: a commit is read once it is done. */
  #leaveOff(streamId: string | null, from?: RunStep): void {
    const said = this.conversation.read();
    this.#leave(openCalls(said), streamId);
    if (from) this.conversation.goBack(said, from);
  }

  #unended(children: readonly RunChild[]): readonly RunChild[] {
    return children.filter(({ kind, name }) => !this.#ended.has(`${kind}/${name}`));
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

  /** A run, whichever it is. */
  info(runId: string): RunInfo | null {
    const stream = this.#options.write((writer) => writer.streams.find(runId));
    return stream && runInfoOf(stream, this.#agent.active);
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
