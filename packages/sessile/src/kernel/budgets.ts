import {
  type BudgetAnswer,
  type BudgetRequest,
  type BudgetStatus,
  budgetOptions,
  type ReservationRequest,
  type UsageAmount,
} from "../protocol/budget.ts";
import { SessileError } from "../protocol/error.ts";
import type { UsageReport } from "../protocol/usage.ts";
import type { Batch } from "./batch.ts";
import {
  type BudgetRow,
  budgetsFor,
  dropReservation,
  putBudget,
  putQuestion,
  putRaise,
  putReservation,
  readBudgets,
  readReservation,
} from "./budget-table.ts";
import { readGate } from "./gates.ts";
import type { Sql } from "./sql.ts";
import { checkedCount, checkedName, recordUsage } from "./usage.ts";

/** How a person is asked. */
type Ask = (question: {
  readonly gateId: string;
  readonly title: string;
  readonly detail: string;
  readonly options: readonly string[];
  readonly expiresAt?: number;
}) => void;

type Bounds = BudgetStatus["max"];

/**
 * Bounds on what the meter may come to. Room is reserved before a call and settled by what it cost; where there is none, a person is
 * asked. All of it is events and rows of theirs, so a restart changes nothing.
 */
export class Budgets {
  readonly #sql: Sql;
  readonly #batch: Batch;
  readonly #ask: Ask;

  constructor(sql: Sql, batch: Batch, ask: Ask) {
    this.#sql = sql;
    this.#batch = batch;
    this.#ask = ask;
  }

  /** Makes a budget, or gives one that is there other bounds; a question that was answered `stop`, or expired, is then forgotten. */
  set(request: BudgetRequest): void {
    const { budgetId, source, ref, max, raiseBy = max, askForMs } = request;
    checkedName("budgetId", budgetId);
    if (max.costMicros === undefined && max.tokens === undefined)
      throw new SessileError("bad_request", "A budget bounds costMicros, tokens, or both.", { field: "max" });
    const budget = {
      budgetId,
      source: source === undefined ? null : checkedName("source", source),
      ref: ref === undefined ? null : checkedName("ref", ref),
      max: {
        costMicros: boundOf("max.costMicros", max.costMicros),
        tokens: boundOf("max.tokens", max.tokens),
      },
      raiseBy: amountOf("raiseBy.", raiseBy),
      askForMs: askForMs === undefined ? null : checkedCount("askForMs", askForMs),
    };
    const known = readBudgets(this.#sql).find((each) => each.budgetId === budgetId);
    const waits = known?.gateId ? readGate(this.#sql, known.gateId)?.outcome === null : false;
    const event = { ...budget, keepsQuestion: waits };
    this.#batch.emitSystem("usage.budget_set", event);
    putBudget(this.#sql, event);
  }

  /** Room in every budget that counts such a call, or in none; without a budget there is nothing to reserve. */
  reserve(request: ReservationRequest): BudgetAnswer {
    const { reservationId, source, ref } = request;
    checkedName("reservationId", reservationId);
    const amount = amountOf("", request);
    if (readReservation(this.#sql, reservationId)) return { is: "reserved" };
    const budgets = budgetsFor(this.#sql, checkedName("source", source), ref).map((each) =>
      this.#raised(each),
    );
    if (budgets.length === 0) return { is: "reserved" };
    const short = budgets.find((budget) => !hasRoom(budget, amount));
    if (short) return this.#refuse(short, amount);
    const reservation = { reservationId, source, ref: ref ?? null, ...amount };
    this.#batch.emitSystem("usage.reserved", reservation);
    putReservation(this.#sql, reservation);
    return { is: "reserved" };
  }

  /**
   * Room for as much as is named, else for all that is left; nobody is asked. The same again is told the same.
   *
   * @returns what it may use, nothing of it where no budget counts it; null without room
   */
  claim(request: ReservationRequest): UsageAmount | null {
    const { reservationId, source, ref } = request;
    const held = readReservation(this.#sql, checkedName("reservationId", reservationId));
    if (held) return held;
    const budgets = budgetsFor(this.#sql, checkedName("source", source), ref).map((each) =>
      this.#raised(each),
    );
    const isNamed = request.tokens !== undefined || request.costMicros !== undefined;
    const amount = isNamed ? amountOf("", request) : leftIn(budgets);
    if (budgets.some((budget) => !hasRoom(budget, amount))) return null;
    const reserved = this.reserve({ ...request, ...amount });
    return reserved.is === "reserved" && budgets.length > 0 ? amount : {};
  }

  /** What a call has used, in place of what was reserved for it, if anything. @returns false if the entry was recorded before */
  settle(reservationId: string, report: UsageReport): boolean {
    const held = readReservation(this.#sql, reservationId) ? reservationId : undefined;
    const isNew = recordUsage(this.#sql, this.#batch, report, held);
    if (!isNew) this.release(reservationId);
    return isNew;
  }

  /** The call was not made. @returns false if nothing was reserved */
  release(reservationId: string): boolean {
    if (!readReservation(this.#sql, reservationId)) return false;
    this.#batch.emitSystem("usage.released", { reservationId });
    dropReservation(this.#sql, reservationId);
    return true;
  }

  list(): readonly BudgetStatus[] {
    return readBudgets(this.#sql).map(
      ({ raiseBy: _by, askForMs: _for, offer: _offer, asked: _asked, ...status }): BudgetStatus => status,
    );
  }

  /** The budget as it is if somebody has answered its question by raising it. */
  #raised(budget: BudgetRow): BudgetRow {
    const outcome = budget.gateId === null ? null : readGate(this.#sql, budget.gateId)?.outcome;
    if (outcome?.status !== "answered" || outcome.answer !== "raise") return budget;
    const max = bounds((unit) => higher(budget.max[unit], budget.offer[unit]));
    this.#batch.emitSystem("usage.budget_raised", { budgetId: budget.budgetId, max });
    putRaise(this.#sql, { budgetId: budget.budgetId, max });
    return { ...budget, max, gateId: null };
  }

  #refuse(budget: BudgetRow, amount: Required<UsageAmount>): BudgetAnswer {
    const { budgetId } = budget;
    if (budget.gateId === null) return { is: "waiting", budgetId, gateId: this.#question(budget, amount) };
    const outcome = readGate(this.#sql, budget.gateId)?.outcome;
    if (!outcome) return { is: "waiting", budgetId, gateId: budget.gateId };
    const because = outcome.status === "expired" ? "expired" : "stopped";
    return { is: "refused", budgetId, gateId: budget.gateId, because };
  }

  #question(budget: BudgetRow, amount: Required<UsageAmount>): string {
    const { budgetId, askForMs } = budget;
    const gateId = `budget-${budgetId}-${budget.asked + 1}`;
    const offer = offerOf(budget, amount);
    // First, for it may be refused: then nothing was asked.
    this.#ask({
      gateId,
      title: `The budget ${budgetId} is used up. Raise it?`,
      detail: [
        describe("cost in millionths", budget, amount, offer, "costMicros"),
        describe("tokens", budget, amount, offer, "tokens"),
      ]
        .filter((line) => line !== "")
        .join("\n"),
      options: budgetOptions,
      ...(askForMs === null ? {} : { expiresAt: this.#batch.at + askForMs }),
    });
    this.#batch.emitSystem("usage.budget_asked", { budgetId, gateId, offer });
    putQuestion(this.#sql, { budgetId, gateId, offer });
    return gateId;
  }
}

/** Of what no budget bounds, nothing is held. */
function leftIn(budgets: readonly BudgetStatus[]): Required<UsageAmount> {
  const left = (unit: keyof Bounds) => {
    const rooms = budgets.flatMap(({ max, used, reserved }) => {
      const bound = max[unit];
      return bound === null ? [] : Math.max(0, bound - used[unit] - reserved[unit]);
    });
    return rooms.length === 0 ? 0 : Math.min(...rooms);
  };
  return { costMicros: left("costMicros"), tokens: left("tokens") };
}

/** A call that names no amount needs room for one. */
function hasRoom({ max, used, reserved }: BudgetStatus, amount: Required<UsageAmount>): boolean {
  return (["costMicros", "tokens"] as const).every((unit) => {
    const bound = max[unit];
    return bound === null || used[unit] + reserved[unit] + Math.max(1, amount[unit]) <= bound;
  });
}

/** Enough for the call, and at least what the budget says. */
function offerOf({ max, used, reserved, raiseBy }: BudgetRow, amount: Required<UsageAmount>): Bounds {
  return bounds((unit) => {
    const bound = max[unit];
    const needed = used[unit] + reserved[unit] + Math.max(1, amount[unit]);
    return bound === null ? null : Math.max(bound + raiseBy[unit], needed);
  });
}

/** A bound that was taken away, or set higher meanwhile, stays as it is. */
function higher(bound: number | null, offered: number | null): number | null {
  return bound === null ? null : Math.max(bound, offered ?? 0);
}

function bounds(of: (unit: keyof Bounds) => number | null): Bounds {
  return { costMicros: of("costMicros"), tokens: of("tokens") };
}

function describe(
  name: string,
  { max, used, reserved }: BudgetRow,
  amount: Required<UsageAmount>,
  offer: Bounds,
  unit: keyof Bounds,
): string {
  if (max[unit] === null) return "";
  return `${name}: ${used[unit]} of ${max[unit]} used, ${reserved[unit]} reserved, ${amount[unit]} needed; raised: ${offer[unit]}`;
}

function amountOf(prefix: string, amount: UsageAmount): Required<UsageAmount> {
  return {
    costMicros: checkedCount(`${prefix}costMicros`, amount.costMicros),
    tokens: checkedCount(`${prefix}tokens`, amount.tokens),
  };
}

function boundOf(field: string, value: number | undefined): number | null {
  return value === undefined ? null : checkedCount(field, value);
}
