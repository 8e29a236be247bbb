import { generateText, jsonSchema, type LanguageModel, stepCountIs, tool } from "ai";
import { AgentSession, defineAgent } from "sessile/agent";
import { AgentServer, AgentWorkflow, sessionRuntime, workflowRuntime } from "sessile/agent-server";

export { StreamObject } from "sessile/stream";

interface Env {
  /** Where a call at one of `marks` tells that it is made. */
  readonly MARKS_URL: string;
}

type Scripted = Extract<LanguageModel, { readonly specificationVersion: "v4" }>;
type Content = Awaited<ReturnType<Scripted["doGenerate"]>>["content"];
type Chunk =
  Awaited<ReturnType<Scripted["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 2, text: 2, reasoning: 0 },
};

/** Answers at once: one call in each answer but the last. */
function scripted(steps: number): Scripted {
  const answer = (turn: number): Content =>
    turn >= steps
      ? [{ type: "text", text: "Done." }]
      : [{ type: "tool-call", toolCallId: `call_${turn}`, toolName: "look", input: `{"n":${turn}}` }];
  const reasonOf = (turn: number) => ({
    unified: turn >= steps ? ("stop" as const) : ("tool-calls" as const),
    raw: undefined,
  });
  return {
    specificationVersion: "v4",
    provider: "scripted",
    modelId: "scripted",
    supportedUrls: {},
    async doGenerate({ prompt }) {
      const turn = turnOf(prompt);
      return { content: answer(turn), finishReason: reasonOf(turn), usage, warnings: [] };
    },
    async doStream({ prompt }) {
      const turn = turnOf(prompt);
      const said = answer(turn).flatMap((part): readonly Chunk[] => {
        if (part.type !== "text") return [part as Chunk];
        return [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: part.text },
          { type: "text-end", id: "1" },
        ];
      });
      const stream = new ReadableStream<Chunk>({
        start(controller) {
          controller.enqueue({ type: "stream-start", warnings: [] });
          for (const chunk of said) controller.enqueue(chunk);
          controller.enqueue({ type: "finish", finishReason: reasonOf(turn), usage });
          controller.close();
        },
      });
      return { stream };
    },
  };
}

/** The first answer is turn 1. Every answer is followed by one result, so the length tells. */
function turnOf(prompt: readonly unknown[]): number {
  return (prompt.length - 1) / 2 + 1;
}

function look({ MARKS_URL }: Env) {
  return tool({
    inputSchema: jsonSchema<{ readonly n: number }>({
      type: "object",
      properties: { n: { type: "number" } },
      required: ["n"],
    }),
    execute: async ({ n }) => {
      if (marks.has(n)) await fetch(`${MARKS_URL}/${n}`);
      return { n };
    },
  });
}

/** Calls between which the cost of a step is taken. */
const marks: ReadonlySet<number> = new Set([1, 101, 900, 1000]);
const lengths = { short: 50, long: 1001 };

const agents = (env: Env) =>
  Object.entries(lengths).map(([name, steps]) =>
    defineAgent({ name, model: scripted(steps), maxSteps: steps, tools: { look: look(env) } }),
  );

export class BenchRunner extends AgentSession<Env> {
  readonly kind = "runner";
  readonly agents = agents(this.env);
}

export class BenchRuns extends AgentWorkflow<Env> {
  readonly agents = agents(this.env);
}

const servers = {
  object: new AgentServer<Env>({
    agents,
    runtime: sessionRuntime("runner", { binding: "RUNNER" }),
    allowAnonymous: true,
    basePath: "/object",
  }),
  workflow: new AgentServer<Env>({
    agents,
    runtime: workflowRuntime("RUNS"),
    allowAnonymous: true,
    basePath: "/workflow",
  }),
};

/** The same runs: `/object/…` and `/workflow/…` of an `AgentServer`, `/ai-sdk/{short|long}` the AI SDK's own loop, which stores nothing. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, place = "", length = ""] = new URL(request.url).pathname.split("/");
    if (place === "object" || place === "workflow") return servers[place].fetch(request, env);
    const steps = lengths[length as keyof typeof lengths];
    const { text } = await generateText({
      model: scripted(steps),
      prompt: "Go.",
      tools: { look: look(env) },
      stopWhen: stepCountIs(steps),
    });
    return Response.json({ status: text === "Done." ? "completed" : text });
  },
};
