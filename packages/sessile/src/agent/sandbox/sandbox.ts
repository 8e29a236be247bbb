import type { Json } from "../../protocol/index.ts";
import type { SandboxOutcome } from "../../protocol/sandbox.ts";

export interface SandboxRequest {
  /** JavaScript: the body of an async function of `input`, which returns what JSON can hold. */
  readonly code: string;
  readonly input?: Json;
  readonly signal?: AbortSignal;
}

export interface SandboxResult {
  readonly outcome: SandboxOutcome;
  /** Lines that were written to the console, then what was returned, as JSON, or what was thrown. */
  readonly output: string;
  /** The output was longer than it may be. */
  readonly isCut: boolean;
  readonly durationMs: number;
}

/** Runs code that nobody has read. Whatever it does is told in the result. */
export interface Sandbox {
  /** @throws SessileError `unavailable` if nothing can be run here */
  run(request: SandboxRequest): Promise<SandboxResult>;
}

export interface SandboxLimits {
  /** Of wall time. Default 5000. */
  readonly timeoutMs?: number;
  /** On Cloudflare. Default 1000. */
  readonly cpuMs?: number;
  /** On the embedded server: of the heap, and on Linux of everything, with 128 MB more. Cloudflare has its own bound. Default 128. */
  readonly memoryMb?: number;
  /** Default 16,000. */
  readonly maxOutputChars?: number;
}
