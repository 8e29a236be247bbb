import { readRemoteStream } from "../object/streams/remote-stream-reader.ts";
import type { Actor } from "../protocol/event.ts";
import {
  type AgentState,
  type Gate,
  type GateOutcome,
  type Json,
  type RunInfo,
  type RunStop,
  runInfoOf,
  SessileError,
} from "../protocol/index.ts";
import type { UsageRollup } from "../protocol/usage.ts";
import { answerOf } from "../worker/answer-of.ts";
import type { KindOptions } from "../worker/options.ts";
import { askStream, streamSocket } from "../worker/routes/stream-routes.ts";
import { SessionTarget } from "../worker/session-stub.ts";
import {
  type AgentRuntime,
  answerHashOf,
  type CallAnswer,
  type OpenRuntime,
  type RunStreams,
  type StartRequest,
} from "./agent-runtime.ts";

/** Runs in session objects: of one kind, whose class extends `AgentSession`. */
export function sessionRuntime<Env>(kind: string, options: KindOptions<Env>): OpenRuntime<Env> {
  const kinds = { [kind]: options as KindOptions };
  return (env, actor) =>
    new SessionRuntime((sessionId) => new SessionTarget(env, kinds, kind, sessionId), actor);
}

class SessionRuntime implements AgentRuntime {
  readonly #open: (sessionId: string) => SessionTarget;
  readonly #actor: Actor | null;

  constructor(open: (sessionId: string) => SessionTarget, actor: Actor | null) {
    this.#open = open;
    this.#actor = actor;
  }

  async start(sessionId: string, { agent, message, runId }: StartRequest): Promise<string> {
    const method = message === undefined ? "resumeRun" : "startRun";
    const request = { agent, runId, ...(message === undefined ? {} : { message }) };
    // The run's id is the call's as well: whoever asks for it twice is told of the first.
    const { result } = await this.#call(sessionId, method, request, `run-${runId}`);
    return answerOf<{ runId: string }>(result, "runId").runId;
  }

  async stop(sessionId: string, how: RunStop, runId?: string): Promise<boolean> {
    const request = { how, ...(runId === undefined ? {} : { runId }) };
    const { result } = await this.#call(sessionId, "stopRun", request, `stop-${crypto.randomUUID()}`);
    return answerOf<{ stopped: boolean }>(result, "stopped").stopped;
  }

  async newest(sessionId: string): Promise<RunInfo | null> {
    const { active, last } = await this.#agent(sessionId);
    const runId = active?.runId ?? last?.runId;
    return runId === undefined ? null : this.find(sessionId, runId);
  }

  async find(sessionId: string, runId: string): Promise<RunInfo | null> {
    const stream = await this.streams(sessionId).getInfo(runId);
    if (!stream) return null;
    // What a run waits for is in the session's state.
    const { active } = stream.status === "paused" ? await this.#agent(sessionId) : { active: null };
    return runInfoOf(stream, active);
  }

  async gates(sessionId: string): Promise<readonly Gate[]> {
    const { gates } = await this.#open(sessionId).ask({ op: "view" }, this.#actor);
    return Object.values(gates);
  }

  async answer(sessionId: string, gateId: string, answer: CallAnswer): Promise<GateOutcome> {
    const id = `answer-${answerHashOf(gateId, answer, this.#actor)}`;
    await this.#command(sessionId, { op: "answerGate", gateId, ...answer, id } as Json);
    const { gate } = await this.#open(sessionId).ask({ op: "gate", gateId }, this.#actor);
    if (gate?.outcome) return gate.outcome;
    throw new SessileError("internal", "The session has not kept the answer.");
  }

  /** Sessions that have owners judge each request themselves. */
  async assertTheirs(sessionId: string): Promise<void> {
    const { access } = await this.#open(sessionId).ask({ op: "describe" }, this.#actor);
    if (access === "owned") return;
    throw new SessileError(
      "forbidden",
      'Nobody owns sessions of this kind: its class says access = "owned", or the AgentServer has an authorize.',
    );
  }

  streams(sessionId: string): RunStreams {
    const target = this.#open(sessionId);
    const actor = this.#actor;
    const getInfo: RunStreams["getInfo"] = async (runId) =>
      (await askStream(target, actor, runId, { do: "info" })).info;
    return {
      getInfo,
      createReader: async (runId, options = {}) => {
        const stream = {
          read: (offset: number) => askStream(target, actor, runId, { do: "read", offset }),
          open: (offset: number) => socketOf(target, actor, runId, offset),
        };
        return readRemoteStream(runId, await getInfo(runId), stream, options);
      },
    };
  }

  usage(sessionId: string): Promise<UsageRollup> {
    return this.#open(sessionId).ask({ op: "usage" }, this.#actor);
  }

  async #agent(sessionId: string): Promise<AgentState> {
    const { state } = await this.#open(sessionId).ask({ op: "view" }, this.#actor);
    return (state as unknown as { readonly agent: AgentState }).agent;
  }

  #call(sessionId: string, method: string, request: Json, id: string) {
    return this.#command(sessionId, { op: "call", method, args: [request], id });
  }

  async #command(sessionId: string, command: Json) {
    const chars = JSON.stringify(command).length;
    const reply = await this.#open(sessionId).ask(
      { op: "commands", commands: [command], chars },
      this.#actor,
    );
    const [outcome] = reply.outcomes;
    if (!outcome) throw new SessileError("internal", "The session gave no answer.");
    if (!outcome.ok) throw SessileError.fromWire(outcome.error);
    return outcome;
  }
}

async function socketOf(
  target: SessionTarget,
  actor: Actor | null,
  runId: string,
  offset: number,
): Promise<WebSocket> {
  const { webSocket } = await streamSocket(target, actor, runId, `?offset=${offset}`);
  if (webSocket) return webSocket;
  throw new SessileError("unavailable", "The session did not open a stream.", { retryAfterMs: 1000 });
}
