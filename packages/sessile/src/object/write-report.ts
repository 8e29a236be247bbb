import type { Kernel, LogLevel } from "../kernel/index.ts";

const maxStackChars = 4000;

/** Tells operators of something that was thrown. Never throws: a report must not be what breaks whoever reports. */
export function writeReport(
  log: Kernel["operatorLog"],
  now: number,
  level: LogLevel,
  message: string,
  thrown: unknown,
): void {
  try {
    log.write(now, level, "host", message, describeThrown(thrown));
  } catch {
    // The database itself fails: whoever writes what matters will hear of it.
  }
}

/** What operators are told of it; the stack is its cause's, where it has one. */
export function describeThrown(thrown: unknown) {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : null;
  const { stack } = cause ?? (thrown instanceof Error ? thrown : {});
  return {
    detail: detailOf(thrown),
    cause: cause && detailOf(cause),
    stack: stack?.slice(0, maxStackChars) ?? null,
  };
}

function detailOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
