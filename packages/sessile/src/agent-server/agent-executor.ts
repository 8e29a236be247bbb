import type { AgentDefinition } from "../agent/define-agent.ts";
import { misfitOf } from "../agent/run/call-tool.ts";
import {
  type Gate,
  type GateOutcome,
  type Json,
  type RunInfo,
  SessileError,
  sha256Hex,
} from "../protocol/index.ts";
import type { UsageRollup } from "../protocol/usage.ts";
import { AgentHandle } from "./agent-handle.ts";
import type { AgentRuntime, CallAnswer } from "./agent-runtime.ts";

export interface ExecuteOptions {
  readonly sessionId: string;
  /** The same again is the same run. Default: made anew. */
  readonly runId?: string;
}

/** Nothing that could end a line: an id is part of server-sent events. */
const runIdPattern = /^[A-Za-z0-9][\w.~:-]{0,63}$/;

/** Runs agents by name, in sessions by id, wherever runs are carried out. */
export class AgentExecutor {
  readonly #runtime: AgentRuntime;
  readonly #agents: readonly AgentDefinition[];

  constructor(runtime: AgentRuntime, agents: readonly AgentDefinition[]) {
    this.#runtime = runtime;
    this.#agents = agents;
  }

  /**
   * Says something to an agent. While a run goes on, the same agent and message again are that run; anything else is refused.
   *
   * @throws SessileError `conflict` while another run goes on, `bad_request` for an agent that is not there or a bad `runId`
   */
  async execute(agent: string | undefined, message: string, options: ExecuteOptions): Promise<AgentHandle> {
    return this.#start(agent, message, options);
  }

  /** Goes on where the last run of the session stopped, or with one that waits for others, with its agent. @throws SessileError `conflict`, `not_found` without such a run */
  async resume(sessionId: string, { runId }: { readonly runId?: string } = {}): Promise<AgentHandle> {
    const { agent } = await this.newest(sessionId);
    return this.#start(agent, undefined, { sessionId, ...(runId === undefined ? {} : { runId }) });
  }

  /** What the session waits for: calls to be approved or carried out, and questions. */
  gates(sessionId: string): Promise<readonly Gate[]> {
    return this.#runtime.gates(sessionId);
  }

  /**
   * Answers a call that waits; with the last of them its run goes on. The same answer again is told what the first has come to.
   *
   * @throws SessileError `not_found`, `gate_closed` if it was answered or has ended otherwise, `forbidden`, `bad_request` if it does not fit, `limit_exceeded` if it is too long
   */
  async answer(sessionId: string, gateId: string, answer: CallAnswer): Promise<GateOutcome> {
    const { agent } = await this.newest(sessionId);
    if (answer.arguments !== undefined) await this.#assertFits(sessionId, agent, gateId, answer.arguments);
    return this.#runtime.answer(sessionId, gateId, answer);
  }

  /** The session's newest run. @returns null if there is none, or it is of another agent */
  async getHandle(agent: string | null, sessionId: string): Promise<AgentHandle | null> {
    const run = await this.#runtime.newest(sessionId);
    if (!run || (agent !== null && run.agent !== agent)) return null;
    return new AgentHandle(this.#runtime, sessionId, run.runId);
  }

  /** Ends before its next step, and can be gone on with. @returns false if no run goes on */
  interrupt(sessionId: string, runId?: string): Promise<boolean> {
    return this.#runtime.stop(sessionId, "interrupt", runId);
  }

  /** Ends at once and for good. */
  abort(sessionId: string, runId?: string): Promise<boolean> {
    return this.#runtime.stop(sessionId, "abort", runId);
  }

  /** @throws SessileError `not_found` */
  async newest(sessionId: string): Promise<RunInfo> {
    const run = await this.#runtime.newest(sessionId);
    if (run) return run;
    throw new SessileError("not_found", "There is no run in this session.", { field: "sessionId" });
  }

  /** @throws SessileError `not_found` */
  async usage(sessionId: string): Promise<UsageRollup> {
    await this.newest(sessionId);
    return this.#runtime.usage(sessionId);
  }

  /** Arguments that somebody has changed are the tool's to take. */
  async #assertFits(sessionId: string, agent: string, gateId: string, input: Json): Promise<void> {
    const gate = (await this.gates(sessionId)).find((one) => one.gateId === gateId);
    const tools = this.#agents.find(({ name }) => name === agent)?.tools;
    if (!gate?.call || !tools) return;
    const { name: toolName, callId: toolCallId = "" } = gate.call;
    const misfit = await misfitOf(tools, { type: "tool-call", toolCallId, toolName, input });
    if (misfit) throw new SessileError("bad_request", misfit.value, { field: "arguments" });
  }

  async #start(name: string | undefined, message: string | undefined, options: ExecuteOptions) {
    const { name: agent, deadlineMs } = this.#agent(name);
    const { sessionId } = options;
    if (options.runId !== undefined && !runIdPattern.test(options.runId))
      throw new SessileError(
        "bad_request",
        "A runId is 1–64 of A–Z a–z 0–9 . _ ~ : - and begins with a letter or digit.",
        { field: "runId" },
      );
    // An id begins with what is asked for, so a run that goes on tells whether it is the same.
    const mark = sha256Hex(JSON.stringify([agent, message ?? null])).slice(0, 16);
    const runId = options.runId ?? `${mark}-${crypto.randomUUID()}`;
    try {
      const request = { agent, runId, deadlineMs, ...(message === undefined ? {} : { message }) };
      return new AgentHandle(this.#runtime, sessionId, await this.#runtime.start(sessionId, request));
    } catch (thrown) {
      const going = thrown instanceof SessileError ? thrown.details.current : null;
      // A session's own address takes a message instead of answers, and here there is none to give it with.
      if (message === undefined && going === "waiting")
        throw new SessileError("conflict", "The run waits for answers. Give them, or interrupt it first.", {
          current: going,
        });
      if (options.runId !== undefined || !going?.startsWith(`${mark}-`)) throw thrown;
      return new AgentHandle(this.#runtime, sessionId, going);
    }
  }

  #agent(name: string | undefined): AgentDefinition {
    const [only, ...others] = this.#agents;
    const found =
      name === undefined && others.length === 0 ? only : this.#agents.find((one) => one.name === name);
    if (found) return found;
    const names = this.#agents.map((one) => one.name).join(", ");
    throw new SessileError("bad_request", `agentType is one of: ${names}.`, { field: "agentType" });
  }
}
