import type { Writer } from "../../kernel/index.ts";
import type {
  BudgetAnswer,
  BudgetRequest,
  BudgetStatus,
  ReservationRequest,
  UsageAmount,
} from "../../protocol/budget.ts";
import type { UsageReport } from "../../protocol/usage.ts";

/** Bounds on what a session may use: `reserve` before a call, then `settle` with what it cost, or `release` if it was not made. */
export class SessionBudgets {
  readonly #write: <T>(body: (writer: Writer) => T) => T;

  constructor(write: <T>(body: (writer: Writer) => T) => T) {
    this.#write = write;
  }

  /** Makes a budget, or gives one that is there other bounds. */
  set(budget: BudgetRequest): void {
    this.#write((writer) => writer.budgets.set(budget));
  }

  /** Where there is no room a gate is opened: `raise` or `stop`. Reserve again once it is settled. */
  reserve(reservation: ReservationRequest): BudgetAnswer {
    return this.#write((writer) => writer.budgets.reserve(reservation));
  }

  /** As much as is named, else all that is left, and nobody is asked. @returns what it may use; null without room */
  claim(reservation: ReservationRequest): UsageAmount | null {
    return this.#write((writer) => writer.budgets.claim(reservation));
  }

  /** @returns false if the entry was recorded before */
  settle(reservationId: string, used: UsageReport): boolean {
    return this.#write((writer) => writer.budgets.settle(reservationId, used));
  }

  /** @returns false if nothing was reserved under this id */
  release(reservationId: string): boolean {
    return this.#write((writer) => writer.budgets.release(reservationId));
  }

  list(): readonly BudgetStatus[] {
    return this.#write((writer) => writer.budgets.list());
  }
}
