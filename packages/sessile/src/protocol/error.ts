import type { GateEnd } from "./gate.ts";

/**
 * The closed set of error codes and the HTTP status each one answers with.
 * A code tells a program what to branch on; the message tells a person what to do.
 */
export const errorStatus = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  fenced: 409,
  not_writable: 409,
  illegal_transition: 409,
  gate_closed: 409,
  gone: 410,
  precondition_failed: 412,
  limit_exceeded: 413,
  unsupported_media_type: 415,
  rejected: 422,
  quota_exceeded: 429,
  rate_limited: 429,
  internal: 500,
  not_configured: 501,
  overloaded: 503,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** Codes that are worth the same request again after `retryAfterMs`. */
const retryable: ReadonlySet<ErrorCode> = new Set(["rate_limited", "overloaded", "unavailable"]);

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorStatus, value);
}

/** Facts a program may act on: the limit crossed, the field at fault, the current value after a lost race. */
export interface ErrorDetails {
  /** Path of the offending field, such as `commands[3].payload`. */
  readonly field?: string;
  /** Name of the limit that was crossed, such as one of `defaultLimits`. */
  readonly limit?: string;
  /** Milliseconds after which the same request is worth repeating. */
  readonly retryAfterMs?: number;
  /** Seconds until a summary may be asked for again. */
  readonly cooldownRemaining?: number;
  /** Which of several bounds refused it, such as the quota's `day` or `minute`. */
  readonly reason?: string;
  /** RFC 3339: when a used-up quota begins anew. */
  readonly resetsAt?: string;
  /** What the value is now, after a compare-and-set that lost. */
  readonly current?: string | null;
  /** Version (a seq) of that value. */
  readonly currentVersion?: number;
  /** How a gate ended that is closed. */
  readonly gate?: GateEnd;
}

/** The wire form of an error: what a client may know, and nothing from inside. */
export interface WireError extends ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The one error class of the library. Anything else that escapes is shown to callers as `internal`. */
export class SessileError extends Error {
  override readonly name = "SessileError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errorStatus[this.code];
  }

  get retryable(): boolean {
    return retryable.has(this.code);
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, ...this.details };
  }

  static fromWire(wire: WireError): SessileError {
    const { code, message, ...details } = wire;
    return new SessileError(isErrorCode(code) ? code : "internal", message, details);
  }

  /** Anything thrown, as an error that is safe to send: an unknown failure keeps only its code. */
  static from(thrown: unknown): SessileError {
    if (thrown instanceof SessileError) return thrown;
    return new SessileError(
      "internal",
      "The server failed to do this. The session's operator log (GET …/log) has the details.",
      {},
      { cause: thrown },
    );
  }
}

/** Makes a `switch` over a union fail to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new SessileError("internal", `Unhandled case: ${String(value)}`);
}
