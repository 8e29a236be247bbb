import { SessileError } from "../../protocol/index.ts";
import {
  compileErrorIn,
  type SandboxAddress,
  type SandboxOrder,
  type SandboxOutcome,
  sandboxOutcomeHeader,
  sandboxOutcomes,
} from "../../protocol/sandbox.ts";
import type { Sandbox, SandboxLimits, SandboxRequest, SandboxResult } from "./sandbox.ts";
import { sandboxWorker } from "./sandbox-worker.ts";

type Bounds = Required<SandboxLimits>;

const defaults: Bounds = { timeoutMs: 5000, cpuMs: 1000, memoryMb: 128, maxOutputChars: 16_000 };

/**
 * Runs each piece of code in a Worker that is thrown away after it: no bindings, no network, nothing of the run before. `binding` is one of
 * `worker_loaders`; the embedded server makes each Worker a process, because open-source workerd bounds neither time nor memory.
 *
 *     const sandbox = workerSandbox(this.env.SANDBOX);
 *     const { outcome, output } = await sandbox.run({ code: "return input.a + 1;", input: { a: 1 } });
 */
export function workerSandbox(binding: WorkerLoader | SandboxAddress, limits: SandboxLimits = {}): Sandbox {
  const bounds = { ...defaults, ...limits };
  // Not made before it is needed: a Worker's global scope has no random.
  let owner: string | null = null;
  return {
    async run(request) {
      const startedAt = Date.now();
      owner ??= crypto.randomUUID();
      const answer = await answerOf(binding, request, bounds, owner);
      return { ...answer, durationMs: Date.now() - startedAt };
    },
  };
}

type Answer = Omit<SandboxResult, "durationMs">;

async function answerOf(
  binding: WorkerLoader | SandboxAddress,
  { code, input = null, signal }: SandboxRequest,
  bounds: Bounds,
  owner: string,
): Promise<Answer> {
  const ended = new AbortController();
  const isRemote = "sandboxUrl" in binding;
  // The embedded server counts from when the code begins, however long it has waited for its turn.
  const timer = isRemote ? null : setTimeout(() => ended.abort(), bounds.timeoutMs);
  const either = AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]);
  try {
    const body = JSON.stringify(input);
    const response = isRemote
      ? await askServer(binding, { ...sandboxWorker(code), owner, body }, bounds, either)
      : await askLoaded(binding, code, body, bounds, either);
    const { text, isCut } = await readAtMost(response, bounds.maxOutputChars);
    return { outcome: outcomeOf(response), output: text, isCut };
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof SessileError) throw thrown;
    return failureOf(String(thrown), ended.signal.aborted, bounds);
  } finally {
    clearTimeout(timer);
  }
}

function askLoaded(
  loader: WorkerLoader,
  code: string,
  body: string,
  { cpuMs }: Bounds,
  signal: AbortSignal,
): Promise<Response> {
  const worker = loader.load({ ...sandboxWorker(code), env: {}, globalOutbound: null, limits: { cpuMs } });
  const asked = worker.getEntrypoint().fetch("http://sandbox/", { method: "POST", body, signal });
  // A Worker that waits for ever does not heed the signal.
  return Promise.race([asked, aborted(signal)]);
}

async function askServer(
  { sandboxUrl }: SandboxAddress,
  asked: Omit<SandboxOrder, "timeoutMs" | "memoryMb" | "maxOutputBytes">,
  { timeoutMs, memoryMb, maxOutputChars }: Bounds,
  signal: AbortSignal,
): Promise<Response> {
  // A character takes at most four bytes; one more shows that there was more.
  const maxOutputBytes = 4 * (maxOutputChars + 1);
  const order: SandboxOrder = { ...asked, timeoutMs, memoryMb, maxOutputBytes };
  const response = await fetch(sandboxUrl, { method: "POST", body: JSON.stringify(order), signal });
  if (response.headers.has(sandboxOutcomeHeader)) return response;
  if (response.status === 503)
    throw new SessileError("unavailable", "All sandboxes were busy for too long; the code was not begun.", {
      retryAfterMs: 5000,
    });
  throw new SessileError("unavailable", "The server could not run this in a sandbox. Its log says why.");
}

function failureOf(why: string, isOverdue: boolean, { maxOutputChars }: Bounds): Answer {
  const isCut = false;
  // Cloudflare: "Worker exceeded CPU time limit."
  if (isOverdue || why.includes("CPU time"))
    return { outcome: "overdue", output: "It took longer than it may.", isCut };
  const compileError = compileErrorIn(why);
  return {
    outcome: compileError === null ? "crashed" : "threw",
    output: (compileError ?? why).slice(0, maxOutputChars),
    isCut,
  };
}

function outcomeOf({ headers }: Response): SandboxOutcome {
  const named = headers.get(sandboxOutcomeHeader);
  return sandboxOutcomes.find((outcome) => outcome === named) ?? "crashed";
}

/** What is longer is not read: it may have no end. */
async function readAtMost({ body }: Response, maxChars: number): Promise<{ text: string; isCut: boolean }> {
  let text = "";
  if (!body) return { text, isCut: false };
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  while (text.length <= maxChars) {
    const { done, value } = await reader.read();
    if (done) return { text, isCut: false };
    text += value;
  }
  await reader.cancel();
  return { text: text.slice(0, maxChars), isCut: true };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
