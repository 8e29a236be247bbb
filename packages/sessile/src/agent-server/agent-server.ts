import type { AgentDefinition } from "../agent/define-agent.ts";
import type { Action } from "../protocol/access.ts";
import type { Actor } from "../protocol/event.ts";
import { SessileError } from "../protocol/index.ts";
import { assertOutsider } from "../worker/who-may.ts";
import { AgentExecutor } from "./agent-executor.ts";
import { agentRoutes } from "./agent-routes.ts";
import type { OpenRuntime } from "./agent-runtime.ts";

export interface AgentQuestion {
  readonly actor: Actor | null;
  readonly action: Extract<Action, "read" | "write" | "approve">;
  readonly sessionId: string;
}

export interface AgentServerOptions<Env> {
  /** The agents there are; the class that runs them takes them from here as well. */
  readonly agents: (env: Env) => readonly AgentDefinition[];
  /** `sessionRuntime` or `workflowRuntime`. */
  readonly runtime: OpenRuntime<Env>;
  /** Who sends a request; null is refused. */
  readonly authenticate?: (request: Request, env: Env) => Actor | null | Promise<Actor | null>;
  /** Serves whoever asks: for a machine of one's own, or behind something that asks them. */
  readonly allowAnonymous?: true;
  /** Who may do what in which session. Default: sessions are for whoever made them; with `allowAnonymous`, for everybody. */
  readonly authorize?: (question: AgentQuestion, env: Env) => boolean | Promise<boolean>;
  /** What the addresses begin with, such as `/agents`. Default: nothing. */
  readonly basePath?: string;
}

/**
 * Runs agents for those who ask over HTTP, in session objects or on Workflows: opens the store, the streams and the meter by itself.
 *
 *     export default new AgentServer<Env>({ agents, runtime: workflowRuntime("RESEARCH"), authenticate });
 */
export class AgentServer<Env = unknown> {
  readonly #options: AgentServerOptions<Env>;
  /** A Worker's own. */
  readonly fetch: (request: Request, env: Env) => Response | Promise<Response>;

  /** @throws SessileError `bad_request` without a way to know who asks */
  constructor(options: AgentServerOptions<Env>) {
    if (!options.authenticate && options.allowAnonymous !== true)
      throw new SessileError(
        "bad_request",
        "An AgentServer needs authenticate, or allowAnonymous if whoever reaches it may use it.",
        { field: "authenticate" },
      );
    this.#options = options;
    const routes = agentRoutes<Env>(options.basePath ?? "", (request, env) => this.#open(request, env));
    this.fetch = (request, env) => routes.fetch(request, env as Env & object);
  }

  /** For a Worker's own code. @param actor whose sessions are made */
  executor(env: Env, actor: Actor | null = null): AgentExecutor {
    const { runtime, agents } = this.#options;
    return new AgentExecutor(runtime(env, actor), agents(env));
  }

  async #open(request: Request, env: Env): Promise<OpenedRequest> {
    const { authenticate, authorize, runtime, agents } = this.#options;
    const actor = (await authenticate?.(request, env)) ?? null;
    if (authenticate && !actor) throw new SessileError("unauthenticated", "Say who you are first.");
    assertOutsider(actor);
    const opened = runtime(env, actor);
    return {
      executor: new AgentExecutor(opened, agents(env)),
      async require(action, sessionId) {
        if (!authorize) return authenticate && opened.assertTheirs(sessionId);
        if (await authorize({ actor, action, sessionId }, env)) return;
        throw new SessileError("forbidden", `You may not ${action} here.`);
      },
    };
  }
}

/** A request of somebody who may be here at all. */
export interface OpenedRequest {
  readonly executor: AgentExecutor;
  /** @throws SessileError `forbidden` */
  readonly require: (action: AgentQuestion["action"], sessionId: string) => Promise<void>;
}
