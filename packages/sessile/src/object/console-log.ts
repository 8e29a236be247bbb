import { type Kernel, type LogEntry, logLevels } from "../kernel/index.ts";

const severity: readonly string[] = logLevels;

/**
 * Has what goes into a session's operator log shown on the console too.
 *
 * @param level this one and the more severe ones; anything else shows nothing
 */
export function showOnConsole(kernel: Kernel, level = ""): void {
  const least = severity.indexOf(level);
  if (least < 0) return;
  const { kind, name } = kernel.committedView;
  kernel.operatorLog.onWrite = (entry) => {
    if (severity.indexOf(entry.level) < least) return;
    console[entry.level](`${kind}/${name}: ${textOf(entry)}`);
  };
}

function textOf({ message, attrs }: Pick<LogEntry, "message" | "attrs">): string {
  if (attrs === null) return message;
  const stack = typeof attrs === "object" && "stack" in attrs ? attrs.stack : null;
  return typeof stack === "string" ? `${message}\n${stack}` : `${message} ${JSON.stringify(attrs)}`;
}
