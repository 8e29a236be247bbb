import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Server, serve } from "sessile/node";
import { type BenchContext, freshName, interleave } from "../bench-context.ts";
import { bundleWorker } from "../bundle.ts";
import { type Measurement, median } from "../measurement.ts";
import { LangGraph } from "../peers/langgraph.ts";
import type { RunSubjectName } from "../subjects.ts";
import type { Figure } from "./figure.ts";

/** Steps of a short run, as in the Worker. */
const shortSteps = 50;
const tickMs = 10;

/** Whoever makes a marked call: which step it is, and what the runtime had spent by then. */
interface Mark {
  readonly step: number;
  readonly cpuMs: number;
}

export const runsFigure: Figure = {
  name: "runs",
  about:
    "one step of an agent's run: an answer with a call, and the call, with a model that answers at once; ai-sdk is generateText in the same Worker, which stores nothing, langgraph a graph with its SQLite checkpointer in Node",
  async run(context) {
    const marks: Mark[] = [];
    const dir = join(context.dir, "runs");
    mkdirSync(dir, { recursive: true });
    const server = await startServer(dir, (step) => marks.push({ step, cpuMs: cpuMsOf(server) }));
    try {
      return [...(await steps(context, server, dir)), ...(await flatness(context, server, marks))];
    } finally {
      await server.close();
    }
  },
};

/** Milliseconds of a step, from asking for the run to its end, beside others. */
async function steps(
  { rounds, quick }: BenchContext,
  server: RunsServer,
  dir: string,
): Promise<readonly Measurement[]> {
  const graph = quick ? null : await LangGraph.install(dir);
  const subjects: readonly RunSubjectName[] = [
    "object",
    "workflow",
    "ai-sdk",
    ...(graph ? (["langgraph"] as const) : []),
  ];
  for (const subject of ["object", "workflow", "ai-sdk"] as const) await runOnce(server, subject, "short");
  const measured = await interleave(subjects, rounds, async (subject) => {
    if (subject === "langgraph") return graph?.stepMs(shortSteps) ?? Number.NaN;
    const startedAt = performance.now();
    await runOnce(server, subject, "short");
    return (performance.now() - startedAt) / shortSteps;
  });
  return [...measured].map(([subject, times]) => ({
    name: "runs/step",
    subject,
    unit: "ms",
    value: median(times),
  }));
}

/** Processor time of a step at the beginning and at the end of one run of 1,000, the least of all rounds: whatever else a machine does only adds to it. */
async function flatness(
  { rounds, quick }: BenchContext,
  server: RunsServer,
  marks: Mark[],
): Promise<readonly Measurement[]> {
  const [first, last]: [number[], number[]] = [[], []];
  // The first run warms up what all runs share.
  for (let round = 0; round <= (quick ? 1 : rounds); round++) {
    marks.length = 0;
    await runOnce(server, "object", "long");
    const at = (step: number) => marks.find((mark) => mark.step === step)?.cpuMs ?? Number.NaN;
    if (round === 0) continue;
    first.push((at(101) - at(1)) / 100);
    last.push((at(1000) - at(900)) / 100);
  }
  return [
    { name: "runs/cpu/first", subject: "object", unit: "ms", value: Math.min(...first) },
    { name: "runs/cpu/last", subject: "object", unit: "ms", value: Math.min(...last) },
  ];
}

async function runOnce(server: RunsServer, subject: RunSubjectName, length: "short" | "long"): Promise<void> {
  if (subject === "ai-sdk") return ended(await (await fetch(`${server.url}/ai-sdk/${length}`)).json());
  const sessionId = freshName("run");
  const body = JSON.stringify({ agentType: length, message: "Go.", sessionId });
  await fetch(`${server.url}/${subject}/execute`, { method: "POST", body });
  for (;;) {
    const response = await fetch(`${server.url}/${subject}/result/${sessionId}?wait=50`);
    if (response.status !== 202) return ended(await response.json());
  }
}

function ended(answer: unknown): void {
  const { status } = answer as { readonly status: string };
  if (status !== "completed") throw new Error(`The run came to nothing: ${status}.`);
}

type RunsServer = Pick<Server, "url" | "runtimePid" | "close">;

async function startServer(dir: string, mark: (step: number) => void): Promise<RunsServer> {
  const listener = createServer((request, response) => {
    mark(Number(request.url?.slice(1)));
    response.end();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const server = await serve({
    worker: {
      source: await bundleWorker(fileURLToPath(import.meta.resolve("../worker/runs-worker.ts"))),
    },
    dir: join(dir, "data"),
    port: 0,
    durableObjects: { RUNNER: { className: "BenchRunner" }, SESSILE_STREAM: { className: "StreamObject" } },
    workflows: { RUNS: { className: "BenchRuns", name: "bench-runs" } },
    d1: ["SESSILE_RECORD"],
    vars: { MARKS_URL: `http://127.0.0.1:${port}` },
    compatibilityDate: "2026-11-01",
    compatibilityFlags: ["nodejs_compat"],
  });
  return {
    url: server.url,
    runtimePid: server.runtimePid,
    async close() {
      await server.close();
      listener.closeAllConnections();
      listener.close();
    },
  };
}

/** Of Linux, in ticks of 10 ms. */
function cpuMsOf({ runtimePid }: RunsServer): number {
  const fields = readFileSync(`/proc/${runtimePid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
