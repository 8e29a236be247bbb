export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: LogLevel;
  /** Who speaks: the user's Worker, or the server around it. */
  readonly from: "worker" | "server";
  readonly message: string;
}

export type LogSink = (entry: LogEntry) => void;

const levels: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  log: "info",
  info: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  fatal: "error",
};

/** Levels as `console` and workerd name them, folded to four. */
export function toLogLevel(name: string): LogLevel {
  return levels[name.toLowerCase()] ?? "info";
}

/** What a terminal would obey; a log line may quote what strangers sent. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const terminalControl = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** `07:41:09.120 warn  worker  message`, further lines indented under the first. */
export function formatLogEntry(entry: LogEntry): string {
  const time = new Date(entry.at).toISOString().slice(11, 23);
  const head = `${time} ${entry.level.padEnd(5)} ${entry.from.padEnd(6)} `;
  const message = entry.message
    .trimEnd()
    .replace(terminalControl, (code) => `\\x${code.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return head + message.replaceAll("\n", `\n${" ".repeat(head.length)}`);
}

/** Warnings and errors go to stderr, the rest to stdout. */
export const consoleLog: LogSink = (entry) => {
  const stream = entry.level === "warn" || entry.level === "error" ? process.stderr : process.stdout;
  stream.write(`${formatLogEntry(entry)}\n`);
};

/** Holds entries back until `open`, so that a failed start can show them inside its error instead. */
export class HeldLog {
  readonly #sink: LogSink;
  #held: LogEntry[] | undefined = [];

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  readonly write = (from: LogEntry["from"], level: LogLevel, message: string): void => {
    const entry: LogEntry = { at: Date.now(), level, from, message };
    if (this.#held) this.#held.push(entry);
    else this.#sink(entry);
  };

  /** Passes on what was held and everything after it. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const entry of held) this.#sink(entry);
  }
}
