import { callable } from "../object/callable.ts";
import { Session } from "../object/session.ts";
import { write } from "../object/session-actions.ts";
import type { WorkContext, WorkFunction } from "../object/work-runner.ts";
import {
  type AgentState,
  defaultLimits,
  type Json,
  type RunMeta,
  type RunRequest,
  type RunStop,
  runInfoOf,
  SessileError,
} from "../protocol/index.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { RunControl } from "./run-control.ts";
import { RunHandle } from "./run-handle.ts";
import { endOf, type RunEnd, RunLoop } from "./run-loop.ts";
import { parseRunRequest, parseStopRequest } from "./run-request.ts";
import { endingChunks, SessionRunPort } from "./session-run-port.ts";
import { nextMove, type Said } from "./transcript.ts";

export type AgentSessionState = { readonly agent: AgentState };

/** Spread into the `initialState` of a session that keeps more. */
export const initialAgent: AgentSessionState = { agent: { head: null, active: null, last: null } };

/** `message.created`: one message, and the event of the one before it. */
export type RunMessage = Said & { readonly previous: number | null };

type AgentEvents = { readonly "message.created": RunMessage & Json };
type RunInput = { readonly runId: string; readonly agent: string; readonly deadlineAt: number | null };

const contentType = "application/json";
/** What an event says beside its message. */
const overheadChars = 500;
const storeRetryMs = 1000;

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
> extends Session<Env, State, AgentEvents> {
  abstract readonly agents: readonly AgentDefinition[];
  override readonly initialState = initialAgent as State;
  override readonly clientWrites: Session["clientWrites"] = { events: [] };
  /** A kind with works of its own spreads these into them. */
  protected readonly agentWorks: { readonly [name: string]: WorkFunction } = {
    run: (work, input) => this.#run(work, input as RunInput),
  };
  override readonly works: Session["works"] = this.agentWorks;
  readonly #running = new Map<string, RunControl>();

  /** Starts a run. @throws SessileError `conflict` while another goes on, or if there is nothing to go on with */
  readonly startRun = callable((request: Json = {}) => ({ runId: this.#start(parseRunRequest(request)) }));

  /** Asks the run that goes on to end. One that names another has come too late and does nothing. */
  readonly stopRun = callable((request: Json) => {
    const { how, runId } = parseStopRequest(request);
    return { stopped: this.#stop(how, runId) };
  });

  /** Runs, as the session's own code uses them. */
  readonly runs = {
    start: (request: RunRequest): RunHandle => this.runs.handle(this.#start(request)),
    handle: (runId: string): RunHandle => new RunHandle(runId, this.streams),
    /** Ends before its next step, and can be gone on with. @returns false if no run goes on */
    interrupt: (runId?: string): boolean => this.#stop("interrupt", runId),
    /** Ends at once and for good. */
    abort: (runId?: string): boolean => this.#stop("abort", runId),
  };

  /** Every message that leads to the newest, oldest first. */
  messages(): readonly Said[] {
    const said: Said[] = [];
    for (let seq = this.state.agent.head; seq !== null; ) {
      const payload = this.#at(seq);
      if (!payload) break;
      const { previous, ...one } = payload;
      said.push(one);
      seq = previous;
    }
    return said.reverse();
  }

  #start({ agent: name, message, runId = crypto.randomUUID() }: RunRequest): string {
    const known = this[write]((writer) => writer.streams.find(runId));
    if (known) {
      if (runInfoOf(known)) return runId;
      throw new SessileError("conflict", "A stream has this id that is no run's.", { field: "runId" });
    }
    const agent = this.#agent(name);
    const { active } = this.state.agent;
    if (active)
      throw new SessileError("conflict", "A run is going on. Wait for its end, or interrupt it.", {
        field: "runId",
        current: active.runId,
      });
    if (message === undefined) this.#assertResumable(agent);
    const meta: RunMeta = { run: { agent: agent.name } };
    this.streams.open(runId, { contentType, meta });
    this[write](({ streams }) =>
      streams.append({ streamId: runId, chunks: [{ type: "start", messageId: runId }] }),
    );
    this.#set({ active: { runId, agent: agent.name, stop: null } });
    if (message !== undefined) this.#say([{ message: { role: "user", content: message }, runId, step: 0 }]);
    const deadlineAt = agent.deadlineMs === undefined ? null : Date.now() + agent.deadlineMs;
    const input: RunInput = { runId, agent: agent.name, deadlineAt };
    this.startWork("run", { workId: runId, input });
    return runId;
  }

  #assertResumable(agent: AgentDefinition): void {
    const { head, last } = this.state.agent;
    if (head !== null && last?.outcome !== "completed" && last?.outcome !== "aborted") {
      const none = { runId: "", stop: null, isOverdue: false, maxSteps: agent.maxSteps };
      if (nextMove(this.messages(), none).do !== "end") return;
    }
    throw new SessileError("conflict", "There is nothing to go on with. Say what is to be done.", {
      field: "message",
      current: last?.outcome ?? null,
    });
  }

  #stop(how: RunStop, runId?: string): boolean {
    const { active } = this.state.agent;
    if (!active || (runId !== undefined && runId !== active.runId)) return false;
    const stop = active.stop === "abort" ? "abort" : how;
    if (stop !== active.stop) this.#set({ active: { ...active, stop } });
    const control = this.#running.get(active.runId);
    if (stop === "abort") control?.abort();
    else control?.interrupt();
    return true;
  }

  /** Runs again whenever the object died meanwhile, and goes on from the messages and the journal. */
  async #run(work: WorkContext, { runId, agent: name, deadlineAt }: RunInput): Promise<undefined> {
    const isActive = () => this.state.agent.active?.runId === runId;
    // It had come to its end, and died before the journal knew.
    if (!isActive()) return undefined;
    const control = new RunControl(
      () => (isActive() ? (this.state.agent.active?.stop ?? null) : "abort"),
      deadlineAt,
    );
    this.#running.set(runId, control);
    try {
      await this.#settle(work, await this.#execute(work, runId, name, control));
    } finally {
      // Whatever is still to come is nobody's any more.
      control.abort();
      control.dispose();
      this.#running.delete(runId);
    }
    return undefined;
  }

  async #execute(work: WorkContext, runId: string, name: string, control: RunControl): Promise<RunEnd> {
    const agent = this.agents.find((one) => one.name === name);
    if (!agent) {
      const error = new SessileError("not_found", `There is no agent named "${name}" any more.`);
      return endOf({ runId, agent: name, said: this.messages() }, "failed", error);
    }
    const { maxPayloadChars, maxChunkChars } = { ...defaultLimits, ...this.limits };
    const port = new SessionRunPort({
      work,
      runId,
      read: () => this.messages(),
      writer: this.streams.open(runId, { contentType, meta: null }),
      streams: this.streams,
      maxOutputChars: Math.min(maxPayloadChars, maxChunkChars) - overheadChars,
      commit: (step, { said, used, chunks }) => {
        this.#say(said);
        this.recordUsage(used);
        if (chunks.length > 0)
          this[write](({ streams }) => streams.append({ streamId: runId, chunks, step }));
      },
      report: (message, thrown) => this.log("warn", "run", message, { runId, detail: String(thrown) }),
    });
    return new RunLoop(runId, agent, port, control).run();
  }

  /** Ends the stream, keeps the result and frees the session in one commit. A store that is away for a while must not keep it waiting for ever. */
  async #settle(work: WorkContext, { result, error }: RunEnd): Promise<void> {
    const { runId, outcome } = result;
    const commit = () => {
      this[write](({ streams }) => {
        const stream = streams.find(runId);
        if (stream?.status === "active") streams.append({ streamId: runId, chunks: endingChunks(result) });
      });
      this.streams.finish(runId, error ? { error } : { output: result });
      this.#set({ active: null, last: { runId, outcome } });
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

  #agent(name: string | undefined): AgentDefinition {
    const [only, ...others] = this.agents;
    const found =
      name === undefined ? (others.length === 0 ? only : null) : this.agents.find((one) => one.name === name);
    if (found) return found;
    const names = this.agents.map((one) => one.name).join(", ");
    throw new SessileError("bad_request", `agent is one of: ${names}.`, { field: "agent" });
  }

  #say(said: readonly Said[]): void {
    for (const one of said) {
      const message = { ...one, previous: this.state.agent.head } as unknown as RunMessage & Json;
      this.#set({ head: this.append("message.created", message) });
    }
  }

  #set(change: Partial<AgentState>): void {
    this.setState({ ...this.state, agent: { ...this.state.agent, ...change } } as State);
  }

  #at(seq: number): RunMessage | null {
    try {
      const { events } = this.readEvents({ after: seq - 1, limit: 1 });
      const found = events.find((event) => event.seq === seq);
      return (found?.payload as unknown as RunMessage | undefined) ?? null;
    } catch (thrown) {
      // It lies in the archive.
      if (thrown instanceof SessileError && thrown.code === "not_found") return null;
      throw thrown;
    }
  }
}
