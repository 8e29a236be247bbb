import type { DueTable } from "../kernel/due-table.ts";

const lifelineMs = 60_000;

/** Keeps the platform's single alarm at the earliest time in the due table. Setting it is a billed row, so it is set only when it moves. */
export class Alarm {
  readonly #storage: DurableObjectStorage;
  readonly #due: DueTable;
  #armedAt: number | null;

  constructor(storage: DurableObjectStorage, due: DueTable, armedAt: number | null) {
    this.#storage = storage;
    this.#due = due;
    this.#armedAt = armedAt;
  }

  /** After anything that may have touched the table. */
  rearm(now: number): void {
    if (!this.#due.takeTouched()) return;
    const due = this.#due.next();
    // Should this instance die while a handler hangs, its successor must be called all the same.
    const next = this.#due.holdsAny ? Math.min(due ?? Number.POSITIVE_INFINITY, now + lifelineMs) : due;
    if (next === this.#armedAt) return;
    this.#armedAt = next;
    // Not awaited: both are synchronous writes behind the output gate, like every other write of this turn.
    if (next === null) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(next);
  }

  /** The platform has taken the alarm off; the table says when the next one is due. */
  rang(): void {
    this.#armedAt = null;
    this.#due.touch();
  }
}
