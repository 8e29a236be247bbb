import type { Json } from "../protocol/json.ts";
import { numberAt, numberOrNullAt, type Sql, textAt } from "./sql.ts";

/** A row of due work. */
export interface DueTimer {
  readonly timerId: string;
  /** Empty for the library's own due work. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly input: Json;
  /** Failed runs so far. */
  readonly attempts: number;
}

/**
 * The one table of due work behind the platform's single alarm. A kind's timers have names and are events as well; the
 * library's own due work (gate expiry, mirror, work leases) has none, lies outside the log, and follows from other rows.
 */
export class DueTable {
  readonly #sql: Sql;
  /** Due times of timers whose handlers run in this instance; they are neither due again nor waited for. */
  readonly #held = new Map<string, number>();
  #touched = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  put(timerId: string, dueAt: number, name = "", input: Json = null): void {
    this.#touched = true;
    this.#sql.exec(
      "INSERT OR REPLACE INTO _sessile_timer VALUES (?, ?, ?, ?, 0)",
      timerId,
      name,
      dueAt,
      JSON.stringify(input),
    );
  }

  drop(timerId: string): void {
    this.#touched = true;
    this.#sql.exec("DELETE FROM _sessile_timer WHERE timer_id = ?", timerId);
  }

  /** Puts off work that failed, unless it was moved while it ran: then it stays where it was moved to. */
  postpone(timer: Pick<DueTimer, "timerId" | "dueAt">, dueAt: number): void {
    this.#touched = true;
    this.#sql.exec(
      "UPDATE _sessile_timer SET due_at = ?, attempts = attempts + 1 WHERE timer_id = ? AND due_at = ?",
      dueAt,
      timer.timerId,
      timer.dueAt,
    );
  }

  /** Its handler runs: it is not due again until it is released, unless it is moved. */
  hold(timer: Pick<DueTimer, "timerId" | "dueAt">): void {
    this.#held.set(timer.timerId, timer.dueAt);
  }

  /** One that was moved may run again meanwhile, and is then held for that. */
  release(timer: Pick<DueTimer, "timerId" | "dueAt">): void {
    this.#touched = true;
    if (this.#held.get(timer.timerId) === timer.dueAt) this.#held.delete(timer.timerId);
  }

  get holdsAny(): boolean {
    return this.#held.size > 0;
  }

  dueAt(timerId: string): number | null {
    const row = this.#sql.exec("SELECT due_at FROM _sessile_timer WHERE timer_id = ?", timerId)[0];
    return row ? numberAt(row, "due_at") : null;
  }

  /** What is due, earliest first. */
  due(now: number, limit = 64): DueTimer[] {
    const free = this.#sql
      .exec(
        "SELECT timer_id, name, due_at, input, attempts FROM _sessile_timer WHERE due_at <= ? ORDER BY due_at, timer_id LIMIT ?",
        now,
        // Those that are held stand among the first, and must not fill the answer.
        limit + this.#held.size,
      )
      .map((row) => ({
        timerId: textAt(row, "timer_id"),
        name: textAt(row, "name"),
        dueAt: numberAt(row, "due_at"),
        input: JSON.parse(textAt(row, "input")) as Json,
        attempts: numberAt(row, "attempts"),
      }))
      .filter((timer) => this.#held.get(timer.timerId) !== timer.dueAt);
    return free.slice(0, limit);
  }

  namedIds(): string[] {
    return this.#sql
      .exec("SELECT timer_id FROM _sessile_timer WHERE name <> ''")
      .map((row) => textAt(row, "timer_id"));
  }

  /** When the alarm must ring next, or null. A scan: the table is short, and an index would be a billed row per change. */
  next(): number | null {
    if (this.#held.size === 0) {
      const row = this.#sql.exec("SELECT min(due_at) AS due_at FROM _sessile_timer")[0];
      return row ? numberOrNullAt(row, "due_at") : null;
    }
    const rows = this.#sql.exec(
      "SELECT timer_id, due_at FROM _sessile_timer ORDER BY due_at LIMIT ?",
      this.#held.size + 1,
    );
    const free = rows.find((row) => this.#held.get(textAt(row, "timer_id")) !== numberAt(row, "due_at"));
    return free ? numberAt(free, "due_at") : null;
  }

  touch(): void {
    this.#touched = true;
  }

  /** True once after any change, so that the host need not ask for the next time after every commit. */
  takeTouched(): boolean {
    const touched = this.#touched;
    this.#touched = false;
    return touched;
  }
}
