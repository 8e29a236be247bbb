import { callable } from "../object/callable.ts";
import type { CallGate, PendingCall } from "../object/gates/call-gate.ts";
import { Session } from "../object/session.ts";
import { write } from "../object/session-actions.ts";
import {
  accessChanged,
  neededFrom,
  orphaned,
  rang,
  reported,
  settled,
  terminating,
} from "../object/session-kind.ts";
import type { WorkFunction } from "../object/works/work-runner.ts";
import { describeThrown } from "../object/write-report.ts";
import type {
  ActiveRun,
  ChildReport,
  EventMap,
  Gate,
  GateOutcome,
  Json,
  RunRequest,
  RunResumability,
  SessionAddress,
} from "../protocol/index.ts";
import { shareWork, startSharing } from "./children/access-sharing.ts";
import type { AgentDefinition } from "./define-agent.ts";
import type { AgentEvents } from "./run/conversation.ts";
import { DelegatedRuns } from "./run/delegated-runs.ts";
import { type StopInput, stopWork } from "./run/run-children.ts";
import { RunHandle } from "./run/run-handle.ts";
import { parseDelegation, parseRunRequest, parseStopRequest } from "./run/run-request.ts";
import type { AgentSessionState, RunLogger, RunSession } from "./run/run-session.ts";
import { RunWorker } from "./run/run-worker.ts";
import { deadlineTimer, type RunInput, SessionRuns } from "./run/session-runs.ts";
import { SessionTitle, type TitleOptions } from "./run/session-title.ts";
import type { Said } from "./run/transcript.ts";

/** Spread into the `initialState` of a session that keeps more. */
export const initialAgent: AgentSessionState = { agent: { head: null, active: null, last: null } };

/**
 * A session whose agents work in runs, one at a time. A run is journaled step by step: after a kill it goes on from its last
 * finished step, and what it says lies in a stream of the session under the run's id.
 *
 *     export class Helper extends AgentSession<Env> {
 *       readonly kind = "helper";
 *       readonly agents = [defineAgent({ name: "helper", model: openai("gpt-5-mini"), tools: { search } })];
 *     }
 */
export abstract class AgentSession<
  Env = unknown,
  State extends AgentSessionState = AgentSessionState,
  Events extends EventMap = Record<never, never>,
> extends Session<Env, State, AgentEvents & Events> {
  abstract readonly agents: readonly AgentDefinition[];
  override readonly initialState = initialAgent as State;
  override readonly clientWrites: Session["clientWrites"] = { events: [] };
  /** Has a model give the conversation a title after its first run; null leaves it without. */
  readonly titles: TitleOptions | null = null;
  /** Default: warnings and errors are in the operator log. */
  readonly logger: RunLogger = {
    log: (level, message, attrs) => {
      if (level === "warn" || level === "error") this.log(level, "run", message, attrs);
    },
  };
  readonly #own: RunSession = {
    session: this as unknown as RunSession["session"],
    write: (body) => this[write](body),
    agents: () => this.agents,
    gateOf: (call) => this.gateOf(call),
    titles: () => this.titles,
    log: (...line) => {
      try {
        this.logger.log(...line);
      } catch (thrown) {
        // It may be called inside a commit, which must not hang on it.
        this.log("error", "run", "The logger failed", describeThrown(thrown));
      }
    },
  };
  readonly #runs = new SessionRuns(this.#own);
  readonly #delegated = new DelegatedRuns(this.#own, this.#runs);
  readonly #worker = new RunWorker(this.#own, this.#runs);
  /** A kind with works of its own spreads these into them. */
  protected readonly agentWorks: { readonly [name: string]: WorkFunction } = {
    run: (work, input) => this.#worker.work(work, input as RunInput),
    title: (work) => new SessionTitle(this.#own, this.#runs.conversation).make(work),
    [shareWork]: (work) => this.#runs.children.sessions.share(work),
    [stopWork]: (work, input) => this.#runs.children.stop(work, input as StopInput),
  };
  override readonly works: Session["works"] = this.agentWorks;

  /** A kind that describes more spreads this. */
  override describe(): ReturnType<Session<Env, State>["describe"]> {
    return { title: ({ state }) => state.agent.title ?? "" };
  }

  /** Decides about the gate of a call that others answer. Default: it waits for ever, for anybody who may approve. */
  protected gateOf(_call: PendingCall): CallGate {
    return {};
  }

  /** Starts a run. @throws SessileError `conflict` while another goes on, or if there is nothing to go on with */
  readonly startRun = callable((request: Json = {}) => ({
    runId: this.#runs.start(parseRunRequest(request)),
  }));

  /** Goes on with the run that waits, or where the last one stopped. @throws SessileError `conflict`, as `canResume` says */
  readonly resumeRun = callable((request: Json = {}) => ({
    runId: this.#runs.resume(parseRunRequest(request)),
  }));

  /** Asks the run that goes on to end. One that names another has come too late and does nothing. */
  readonly stopRun = callable((request: Json) => {
    const { how, runId, force } = parseStopRequest(request);
    return { stopped: this.#runs.stop(how, runId, force ? "forced" : null) };
  });

  /** Runs, as the session's own code uses them. */
  readonly runs = {
    start: (request: RunRequest): RunHandle => this.runs.handle(this.#runs.start(request)),
    handle: (runId: string): RunHandle =>
      new RunHandle(runId, this.streams, {
        active: () => this.state.agent.active as ActiveRun | null,
        suspended: (active, waiting) => this.#runs.suspended(active, waiting),
        usage: (ref) => this.usage({ ref }),
      }),
    resume: (request: RunRequest = {}): RunHandle => this.runs.handle(this.#runs.resume(request)),
    canResume: (): RunResumability => this.#runs.resumability(),
    /** Ends before its next step, and can be gone on with. @returns false if no run goes on */
    interrupt: (runId?: string): boolean => this.#runs.stop("interrupt", runId),
    /** Ends at once and for good; with `force` in this very commit, whatever it is at. */
    abort: (runId?: string, options: { readonly force?: boolean } = {}): boolean =>
      this.#runs.stop("abort", runId, options.force ? "forced" : null),
  };

  /** Every message that leads to the newest, oldest first. */
  messages(): readonly Said[] {
    return this.#runs.conversation.read().map(({ seq: _seq, ...said }) => said);
  }

  /** What another session's agent has this one's do; asked again, how that stands. */
  readonly delegateRun = callable(
    (request: Json) => this.#delegated.delegate(parseDelegation(request)) as unknown as Json,
  );

  /** The newest run; a parent that asks is told of its end. */
  readonly watchRun = callable(() => this.#delegated.watch() as unknown as Json);

  /** What agents of this session have made goes with it. */
  override [orphaned](children: readonly SessionAddress[]): Promise<void> {
    const { kind, name } = this;
    return this.#runs.children.sessions.delete({ kind, name }, children);
  }

  override [neededFrom](): number | null {
    return this.#runs.neededFrom();
  }

  override [rang](name: string, input: Json): void | Promise<void> {
    if (name !== deadlineTimer) return super[rang](name, input);
    this.commit(() => this.#runs.deadlineCame());
  }

  override [accessChanged](): void {
    if (this.children({ limit: 1 }).length > 0) startSharing(this.#own);
  }

  override [terminating](): void {
    this.#runs.stop("abort", undefined, "terminated");
  }

  override [reported](report: ChildReport): void {
    super[reported](report);
    if (report.type === "agent.run_ended") this.#runs.childEnded(report.child);
  }

  override [settled](gate: Gate, outcome: GateOutcome): void {
    super[settled](gate, outcome);
    this.#runs.goOn();
  }
}
