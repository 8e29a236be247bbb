import type { LogEntry } from "./log.ts";

/** An alarm set anew while its handler runs makes workerd say so, for its makers; the alarm rings (seen 2026-11). */
const noise = /^NOSENTRY SQLite alarm handler canceled/;
/** Where in workerd an exception came from: addresses in its program, then what its makers' own error collector wants. */
const trace = /\s*\n?stack:(?: \S+@[0-9a-f]+)+(?:; \w+ = [^;]*)*\s*$/;
const source = /^e = \S+:\d+: (?:failed: )?/;

/** A line of the runtime's output: the Worker's, or workerd's own without what only its makers can read; null is nothing to tell. */
export function readRuntimeMessage(message: string): Pick<LogEntry, "from" | "message"> | null {
  if (noise.test(message)) return null;
  const isOwn = trace.test(message);
  return isOwn
    ? { from: "server", message: message.replace(trace, "").replace(source, "") }
    : { from: "worker", message };
}
