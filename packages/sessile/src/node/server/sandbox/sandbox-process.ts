import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import {
  compileErrorIn,
  type SandboxOrder,
  type SandboxOutcome,
  sandboxOutcomeHeader,
} from "../../../protocol/sandbox.ts";
import { watchMemory } from "./memory-watch.ts";
import { sandboxConfig } from "./sandbox-config.ts";

export interface SandboxRuntime {
  /** workerd, in its guard. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** For files of a moment. */
  readonly folder: string;
}

export interface SandboxAnswer {
  readonly outcome: SandboxOutcome;
  readonly output: Buffer;
}

const startMs = 20_000;
const keptErrorChars = 4000;
let runs = 0;

/**
 * Runs a throw-away Worker in a process of its own, and kills that once it has answered, or has not in time. The kernel ends it too
 * when it has used that much processor time, also if this process is gone by then.
 *
 * @throws Error if workerd does not start
 */
export async function runSandboxProcess(
  order: SandboxOrder,
  runtime: SandboxRuntime,
  signal: AbortSignal,
): Promise<SandboxAnswer> {
  runs += 1;
  const config = join(runtime.folder, `sandbox-${runs}.capnp`);
  writeFileSync(config, sandboxConfig(order), { mode: 0o600 });
  const child = start(config, order.timeoutMs, runtime);
  const errors = lastOf(child.stderr as Readable);
  const exit = once(child, "close");
  // One that could not be started is told below.
  exit.catch(() => {});
  const kill = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  const memory = watchMemory(child, order.memoryMb);
  const tookTooMuch = () => memory.isExceeded() || /heap out of memory|heap limit/i.test(errors());
  try {
    const port = await portOf(child);
    if (port !== null) return await answerOf(child, port, order, tookTooMuch);
    await exit;
    if (tookTooMuch()) return crashed(true);
    const compileError = compileErrorIn(errors());
    if (compileError === null) throw new Error(`A sandbox did not start: ${errors()}`);
    return { outcome: "threw", output: Buffer.from(compileError) };
  } finally {
    signal.removeEventListener("abort", kill);
    memory.stop();
    kill();
    await exit;
    rmSync(config, { force: true });
  }
}

function start(config: string, timeoutMs: number, { program, env }: SandboxRuntime): ChildProcess {
  const cpuSeconds = Math.ceil((timeoutMs + startMs) / 1000);
  const script = 'ulimit -t "$0" && exec "$@"';
  const args = ["-c", script, String(cpuSeconds), program, "serve", config, "--control-fd=3"];
  return spawn("/bin/sh", args, {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    // Nothing of this process's own environment, but where programs are.
    env: { PATH: process.env.PATH ?? "", ...env, SESSILE_PID_FILE: "/dev/null" },
  });
}

/** workerd says on the control channel where it listens; null: it has ended without. */
async function portOf(child: ChildProcess): Promise<number | null> {
  const overdue = setTimeout(() => child.kill("SIGKILL"), startMs);
  try {
    const lines = createInterface({ input: child.stdio[3] as Readable });
    for await (const line of lines) {
      const { event, port } = JSON.parse(line) as { readonly event: string; readonly port?: number };
      if (event === "listen" && port !== undefined) return port;
    }
    return null;
  } finally {
    clearTimeout(overdue);
  }
}

/** What the Worker answers, as far as it is kept; an answer that is too long is not waited for. */
function answerOf(
  child: ChildProcess,
  port: number,
  { body, timeoutMs, maxOutputBytes }: SandboxOrder,
  tookTooMuch: () => boolean,
): Promise<SandboxAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let outcome: SandboxOutcome = "crashed";
    const timer = setTimeout(
      () => end({ outcome: "overdue", output: Buffer.from("It took longer than it may.") }),
      timeoutMs,
    );
    const end = (answer: SandboxAnswer) => {
      clearTimeout(timer);
      asked.destroy();
      resolve(answer);
    };
    const crash = () => end(crashed(tookTooMuch()));
    const asked = request({ host: "127.0.0.1", port, method: "POST" }, (response) => {
      const finish = () => end({ outcome, output: Buffer.concat(chunks).subarray(0, maxOutputBytes) });
      const named = response.headers[sandboxOutcomeHeader];
      // An answer without it is workerd's own: it saw that the code waits for what never comes.
      if (named !== "done" && named !== "threw") return crash();
      outcome = named;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= maxOutputBytes) finish();
      });
      response.on("end", finish);
      response.on("error", crash);
    });
    asked.on("error", crash);
    // Its memory's end is the process's own.
    child.on("close", crash);
    asked.end(body);
  });
}

function crashed(tookTooMuch: boolean): SandboxAnswer {
  const why = tookTooMuch ? "It used more memory than it may." : "It ended before it had answered.";
  return { outcome: "crashed", output: Buffer.from(why) };
}

function lastOf(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-keptErrorChars);
  });
  return () => text;
}
