import type { Json } from "../protocol/json.ts";
import { numberAt, type Sql, textAt, textOrNullAt } from "./sql.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogEntry {
  readonly id: number;
  readonly at: number;
  readonly level: LogLevel;
  readonly tag: string;
  readonly message: string;
  readonly attrs: Json;
}

export interface LogQuery {
  readonly tag?: string;
  /** This level and the more severe ones. */
  readonly level?: LogLevel;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

export const defaultOperatorLogMs: number = 7 * 24 * 60 * 60 * 1000;
const maxEntries = 10_000;
const pruneEveryWrites = 1000;

/** What operators read when something went wrong in one session. Not the record: it is trimmed, and no rule depends on it. */
export class OperatorLog {
  /** Is told of each entry when it is written, for whoever watches. */
  onWrite: (entry: Omit<LogEntry, "id">) => void = () => {};
  readonly #sql: Sql;
  readonly #keepMs: number;
  #writes = 0;

  /** @param keepMs how long an entry is kept, in milliseconds */
  constructor(sql: Sql, keepMs: number = defaultOperatorLogMs) {
    this.#sql = sql;
    this.#keepMs = keepMs;
  }

  write(at: number, level: LogLevel, tag: string, message: string, attrs: Json = null): void {
    this.#sql.exec(
      "INSERT INTO _sessile_oplog (at, level, tag, message, attrs) VALUES (?, ?, ?, ?, ?)",
      at,
      level,
      tag,
      message.slice(0, 4096),
      attrs === null ? null : JSON.stringify(attrs).slice(0, 16_384),
    );
    this.#writes += 1;
    if (this.#writes % pruneEveryWrites === 0) this.prune(at);
    this.onWrite({ at, level, tag, message, attrs });
  }

  /** Newest first. */
  query({ tag, level, since = 0, limit = 100 }: LogQuery): LogEntry[] {
    const levels = level ? logLevels.slice(logLevels.indexOf(level)) : logLevels;
    const rows = this.#sql.exec(
      "SELECT id, at, level, tag, message, attrs FROM _sessile_oplog WHERE at >= ? AND (? IS NULL OR tag = ?) AND instr(?, ',' || level || ',') > 0 ORDER BY id DESC LIMIT ?",
      since,
      tag ?? null,
      tag ?? null,
      `,${levels.join(",")},`,
      Math.min(maxEntries, Math.max(1, limit)),
    );
    return rows.map((row) => ({
      id: numberAt(row, "id"),
      at: numberAt(row, "at"),
      level: textAt(row, "level") as LogLevel,
      tag: textAt(row, "tag"),
      message: textAt(row, "message"),
      attrs: parseAttrs(textOrNullAt(row, "attrs")),
    }));
  }

  /** Keeps what is young enough, and at most 10,000 entries. Run on wake, and now and then by an object that stays awake. */
  prune(now: number): void {
    const row = this.#sql.exec(
      "SELECT coalesce(min(at), ?) AS oldest, coalesce(max(id) - min(id), 0) AS span FROM _sessile_oplog",
      now,
    )[0];
    if (!row || (numberAt(row, "oldest") >= now - this.#keepMs && numberAt(row, "span") < maxEntries)) return;
    this.#sql.exec(
      "DELETE FROM _sessile_oplog WHERE at < ? OR id <= (SELECT max(id) FROM _sessile_oplog) - ?",
      now - this.#keepMs,
      maxEntries,
    );
  }
}

function parseAttrs(text: string | null): Json {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // cut at its length limit
  }
}
