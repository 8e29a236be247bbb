import { asSchema } from "ai";
import type { WorkContext } from "../object/work-runner.ts";
import {
  type ActiveRun,
  type Json,
  type RunInfo,
  type RunStop,
  type SessionAddress,
  sha256Hex,
} from "../protocol/index.ts";
import { callKey } from "./call-key.ts";
import type { RunSession } from "./run-session.ts";
import type { AgentNamespace, Subagent, Subagents } from "./subagent.ts";
import type { OpenCall } from "./transcript.ts";

/** A call that a sub-agent carries out. */
export interface DelegatedCall {
  readonly open: OpenCall;
  readonly subagent: Subagent;
  readonly task: string;
}

/** How a sub-agent's run stands. */
export interface DelegatedRun {
  readonly child: SessionAddress;
  readonly run: RunInfo;
  /** Null: not known. */
  readonly costMicros: number | null;
}

/** What a sub-agent's session is asked. */
export type Delegation = {
  readonly agent?: string;
  readonly message: string;
  /** The same again is the same run. */
  readonly runId: string;
  /** Of the run that goes on with it if that one was interrupted. */
  readonly goOnAs?: string;
  readonly deadlineMs?: number;
  /** A JSON schema. */
  readonly outputSchema: Json;
};

/** What work that ends sub-agents is given. */
export type StopInput = {
  readonly how: RunStop;
  readonly agent: string;
  readonly toolName: string;
  readonly name: string;
};

interface DelegateCalls {
  delegate(request: Json): Promise<Json>;
  stopRun(request: Json): Promise<Json>;
}

/** The sessions that a session's agents have others work in, one for each call. */
export class RunChildren {
  readonly #options: Pick<RunSession, "session" | "agents">;

  constructor(options: Pick<RunSession, "session" | "agents">) {
    this.#options = options;
  }

  /** Has a sub-agent carry out a call, once however often it is asked. @throws SessileError */
  async ask(
    { runId, deadlineAt }: ActiveRun,
    { open, subagent, task }: DelegatedCall,
  ): Promise<DelegatedRun> {
    const key = callKey(open);
    const left = deadlineAt === null ? null : Math.max(1, deadlineAt - Date.now());
    const deadlineMs = Math.min(
      subagent.timeoutMs ?? Number.POSITIVE_INFINITY,
      left ?? Number.POSITIVE_INFINITY,
    );
    const request: Delegation = {
      ...(subagent.agent === undefined ? {} : { agent: subagent.agent }),
      message: task,
      runId: idOf(key),
      ...(open.answer.runId === runId ? {} : { goOnAs: idOf(`${key} ${runId}`) }),
      ...(Number.isFinite(deadlineMs) ? { deadlineMs } : {}),
      outputSchema: (await asSchema(subagent.outputSchema).jsonSchema) as Json,
    };
    return (await this.#calls(subagent.namespace, this.#nameOf(key)).delegate(
      request,
    )) as unknown as DelegatedRun;
  }

  /** Ends what sub-agents are at for these calls; it is work of the session, so that it reaches them whatever dies. */
  startStopping(runId: string, agent: string, how: RunStop, calls: readonly OpenCall[]): void {
    for (const open of calls) {
      const { toolName } = open.call;
      if (!this.#subagents(agent)[toolName]) continue;
      const name = this.#nameOf(callKey(open));
      const input: StopInput = { how, agent, toolName, name };
      this.#options.session.startWork("stopSubagent", { workId: `${runId}~${how}~${name}`, input });
    }
  }

  async stop(work: WorkContext, { how, agent, toolName, name }: StopInput): Promise<undefined> {
    const subagent = this.#subagents(agent)[toolName];
    if (!subagent) return undefined;
    await work.step("stop", () => this.#calls(subagent.namespace, name).stopRun({ how }), { attempts: 20 });
    return undefined;
  }

  #calls(namespace: AgentNamespace, name: string): DelegateCalls {
    const { session } = this.#options;
    return session.child(namespace as DurableObjectNamespace, name).call as unknown as DelegateCalls;
  }

  #subagents(agent: string): Subagents {
    return this.#options.agents().find((one) => one.name === agent)?.subagents ?? {};
  }

  /** Nobody else's session has it. */
  #nameOf(key: string): string {
    const { kind, name } = this.#options.session.view;
    return `sub-${idOf(`${kind}/${name} ${key}`)}`;
  }
}

function idOf(key: string): string {
  return sha256Hex(key).slice(0, 32);
}
