import type { Kernel, LogLevel } from "../kernel/index.ts";

/** Tells operators of something that was thrown. Never throws: a report must not be what breaks whoever reports. */
export function writeReport(
  log: Kernel["operatorLog"],
  now: number,
  level: LogLevel,
  message: string,
  thrown: unknown,
): void {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? detailOf(thrown.cause) : null;
  try {
    log.write(now, level, "host", message, { detail: detailOf(thrown), cause });
  } catch {
    // The database itself fails: whoever writes what matters will hear of it.
  }
}

function detailOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
