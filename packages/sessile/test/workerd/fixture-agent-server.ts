// The Worker of the agent server's tests: the same agents in session objects and on a Workflow, each behind an `AgentServer`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { tool } from "ai";
import type { SessileError } from "sessile";
import { AgentSession, defineAgent, idempotencyKeyOf, type PendingCall, questionTool } from "sessile/agent";
import { AgentServer, AgentWorkflow, sessionRuntime, workflowRuntime } from "sessile/agent-server";
import { createD1StateStore, type D1Database } from "sessile/d1";
import { StreamObject } from "sessile/stream";
import { z } from "zod";
import { instanceIdOf } from "../../src/agent-server/workflow-run.ts";
import type { SessionObject } from "../../src/object/session-rpc.ts";
import { withFaults } from "../../src/record/faulty-d1.ts";

export { StreamObject };

interface Env {
  readonly MODEL_URL: string;
  readonly EFFECTS_URL: string;
  readonly SESSILE_RECORD: D1Database;
  readonly SESSILE_STREAM: DurableObjectNamespace;
  readonly RUNS: Workflow;
  readonly HELPERS: DurableObjectNamespace<Helpers>;
}

const inputSchema = z.object({ n: z.number() });

/** Has an effect outside, below a path that begins with the conversation's first message. */
function effect(env: Env, name: string) {
  return tool({
    inputSchema,
    execute: async ({ n }, options) => {
      const [first] = options.messages;
      const response = await fetch(`${env.EFFECTS_URL}/${first?.content}/${name}/${n}`, {
        method: "POST",
        headers: { "idempotency-key": idempotencyKeyOf(options) },
        ...(options.abortSignal ? { signal: options.abortSignal } : {}),
      });
      return response.json();
    },
  });
}

function agents(env: Env) {
  const baseURL = `${env.MODEL_URL}/v1`;
  const model = createOpenAICompatible({ name: "scripted", baseURL, includeUsage: true })("scripted");
  const broken = tool({
    inputSchema,
    execute: (): string => {
      throw new Error("This tool is broken.");
    },
  });
  const tools = {
    ...Object.fromEntries(["a", "b", "c"].map((name) => [`tool_${name}`, effect(env, name)])),
    broken,
  };
  return [
    defineAgent({
      name: "worker",
      model,
      modelAttempts: 3,
      prices: { input: 1_000_000, output: 2_000_000 },
      tools,
    }),
    defineAgent({ name: "brief", model, maxSteps: 2, maxCalls: 2, tools }),
    defineAgent({ name: "frugal", model, maxTokens: 20, tools }),
    defineAgent({ name: "hasty", model, deadlineMs: 300 }),
    defineAgent({
      name: "punctual",
      model,
      deadlineMs: 300,
      tools: { risky: { ...effect(env, "risky"), needsApproval: true } },
    }),
    defineAgent({ name: "impatient", model, stepTimeoutMs: 50, modelAttempts: 1 }),
    defineAgent({ name: "formal", model, outputSchema: inputSchema }),
    defineAgent({
      name: "asker",
      model,
      tools: {
        tool_a: effect(env, "a"),
        risky: { ...effect(env, "risky"), needsApproval: true },
        client: tool({ inputSchema }),
        ask: questionTool(),
      },
      subagents: { other: { namespace: env.HELPERS, description: "Helps.", outputSchema: inputSchema } },
    }),
  ];
}

/** Calls of 7 are not worth waiting for. */
function gateOf({ input }: PendingCall) {
  const { n } = input as { readonly n: number };
  return { isEditable: true, ...(n === 7 ? { expiresAt: Date.now() + 50 } : {}) };
}

export class Helpers extends AgentSession<Env> {
  readonly kind: string = "helpers";
  override readonly snapshots = null;
  override readonly limits = { maxSegmentDelayMs: 5 };
  readonly agents = agents(this.env);

  protected override gateOf(call: PendingCall) {
    return gateOf(call);
  }
}

export class Owned extends Helpers {
  override readonly kind = "owned";
  override readonly access = "owned";
}

export class Runs extends AgentWorkflow<Env> {
  readonly agents = agents(this.env);
  protected override readonly maxInstanceSteps = 6;

  protected override gateOf(call: PendingCall) {
    return gateOf(call);
  }
}

const lost = new Set<string>();

/** A stream's object goes away once, when it is told what a call of this id gave. */
function withLostResult(namespace: DurableObjectNamespace, callId: string): DurableObjectNamespace {
  const getByName = (name: string) => {
    const stub = namespace.getByName(name) as unknown as SessionObject & Pick<DurableObjectStub, "fetch">;
    return {
      fetch: (request: Request) => stub.fetch(request),
      handleSessionRequest: (...[request, caller]: Parameters<typeof stub.handleSessionRequest>) => {
        const told = JSON.stringify(request);
        const isResult = told.includes("tool-output-available") && told.includes(callId);
        if (!isResult || lost.has(name)) return stub.handleSessionRequest(request, caller);
        lost.add(name);
        throw Object.assign(new Error("The object was reset."), { retryable: true });
      },
    };
  };
  return { getByName } as never;
}

/** Loses every ninth question to D1, in turns before and after it was carried out. */
export class FlakyRuns extends Runs {
  constructor(context: ExecutionContext, env: Env) {
    const faulty = withFaults(env.SESSILE_RECORD);
    let asked = 0;
    super(context, {
      ...env,
      SESSILE_STREAM: withLostResult(env.SESSILE_STREAM, "lost_1"),
      SESSILE_RECORD: {
        prepare: (query) => faulty.prepare(query),
        batch(statements) {
          asked += 1;
          if (asked % 9 === 0) faulty.failAt(1, asked % 2 === 0 ? "before" : "after");
          return faulty.batch(statements);
        },
      },
    });
  }
}

const authenticate = (request: Request) => {
  const id = request.headers.get("x-name");
  return id === null ? null : { id };
};

const served = {
  object: new AgentServer<Env>({
    agents,
    runtime: sessionRuntime("helpers", { binding: "HELPERS" }),
    allowAnonymous: true,
    basePath: "/object",
  }),
  workflow: new AgentServer<Env>({
    agents,
    runtime: workflowRuntime("RUNS"),
    allowAnonymous: true,
    basePath: "/workflow",
  }),
  flaky: new AgentServer<Env>({
    agents,
    runtime: workflowRuntime("FLAKY"),
    allowAnonymous: true,
    basePath: "/flaky",
  }),
  /** Lets in who says a name, and nobody touch what is forbidden. */
  guarded: new AgentServer<Env>({
    agents,
    runtime: workflowRuntime("RUNS"),
    authenticate,
    authorize: ({ actor, sessionId, action }) =>
      action === "read" || (actor?.id !== "mallory" && !sessionId.startsWith("forbidden")),
    basePath: "/guarded",
  }),
  // Nobody says who may what.
  "own-object": new AgentServer<Env>({
    agents,
    runtime: sessionRuntime("owned", { binding: "OWNED" }),
    authenticate,
    basePath: "/own-object",
  }),
  "own-workflow": new AgentServer<Env>({
    agents,
    runtime: workflowRuntime("RUNS"),
    authenticate,
    basePath: "/own-workflow",
  }),
  nobodys: new AgentServer<Env>({
    agents,
    runtime: sessionRuntime("helpers", { binding: "HELPERS" }),
    authenticate,
    basePath: "/nobodys",
  }),
};

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, place = "", sessionId = "", method = ""] = new URL(request.url).pathname.split("/");
    if (place === "make") return Response.json([refusalOf({}), refusalOf({ allowAnonymous: true })]);
    if (place === "terminate") {
      const instance = await env.RUNS.get(instanceIdOf({ sessionId, runId: method, instance: 1 }));
      await instance.terminate();
      return new Response();
    }
    if (place === "unlucky") {
      // Whoever asks for a run dies before its instance is there.
      const fail = () => Promise.reject(new Error("The Workflow cannot be reached."));
      return served.workflow.fetch(new Request(request.url.replace("/unlucky/", "/workflow/"), request), {
        ...env,
        RUNS: { create: fail, get: fail } as never,
      });
    }
    if (place === "store") {
      const store = createD1StateStore(env.SESSILE_RECORD);
      return Response.json(
        (await (store as never as Stored)[method]?.(sessionId, ...((await request.json()) as []))) ?? null,
      );
    }
    if (place === "ask") return Response.json(await ask(env, sessionId as keyof typeof served, method));
    const server = Object.hasOwn(served, place) ? served[place as keyof typeof served] : undefined;
    return server ? server.fetch(request, env) : new Response(null, { status: 404 });
  },
};

function refusalOf(options: { readonly allowAnonymous?: true }): object | null {
  try {
    new AgentServer<Env>({ agents, runtime: workflowRuntime("RUNS"), ...options });
    return null;
  } catch (thrown) {
    const { code, details } = thrown as SessileError;
    return { code, details };
  }
}

type Stored = { readonly [method: string]: ((...args: unknown[]) => Promise<unknown>) | undefined };

/** As a Worker's own code runs an agent. */
async function ask(env: Env, place: keyof typeof served, message: string): Promise<unknown> {
  const executor = served[place].executor(env);
  const before = await executor.getHandle("worker", message);
  const run = await executor.execute("worker", message, { sessionId: message });
  const chunks: unknown[] = [];
  for await (const chunk of await run.stream()) chunks.push((chunk as { readonly type: string }).type);
  const { outcome, text } = await run.result();
  const found = await executor.getHandle("worker", message);
  const other = await executor.getHandle("brief", message);
  const { tokens } = await run.getUsageRollup();
  return { before, chunks, outcome, text, isFound: found?.runId === run.runId, other, tokens };
}
