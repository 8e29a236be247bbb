import type { BudgetStatus, UsageAmount } from "../protocol/budget.ts";
import type { SystemEventPayloads } from "../protocol/system-event.ts";
import type { UsageEntry } from "../protocol/usage.ts";
import { numberAt, numberOrNullAt, type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

/** A budget with what was asked for it. */
export interface BudgetRow extends BudgetStatus {
  readonly raiseBy: Required<UsageAmount>;
  readonly askForMs: number | null;
  /** What the question offers to raise the bounds to. */
  readonly offer: BudgetStatus["max"];
  /** Questions so far. */
  readonly asked: number;
}

/** Which usage a budget counts; binds the entry's source and its ref. */
const counts = "(source IS NULL OR source = ?) AND (ref IS NULL OR ref = ?)";
const spent = (budget: string) =>
  `FROM _sessile_usage AS u WHERE (${budget}.source IS NULL OR ${budget}.source = u.source) AND (${budget}.ref IS NULL OR ${budget}.ref = u.ref)`;
const reserved = `FROM _sessile_reservation AS r WHERE (b.source IS NULL OR b.source = r.source) AND (b.ref IS NULL OR b.ref = r.ref)`;
const rowSql = `SELECT b.*, (SELECT coalesce(sum(cost), 0) ${reserved}) AS reserved_cost,
  (SELECT coalesce(sum(tokens), 0) ${reserved}) AS reserved_tokens FROM _sessile_budget AS b`;

export function readBudgets(sql: Sql): BudgetRow[] {
  return sql.exec(`${rowSql} ORDER BY budget_id`).map(rowOf);
}

/** Those that a call of this source, for this ref, is held against. */
export function budgetsFor(sql: Sql, source: string, ref: string | undefined): BudgetRow[] {
  return sql.exec(`${rowSql} WHERE ${counts} ORDER BY budget_id`, source, ref ?? null).map(rowOf);
}

/** A budget that is there keeps what it has counted, unless it now counts something else. What is reserved counts from the reservations. */
export function putBudget(sql: Sql, budget: SystemEventPayloads["usage.budget_set"]): void {
  const { budgetId, source, ref, max, raiseBy, askForMs, keepsQuestion } = budget;
  const known = sql.exec("SELECT source, ref FROM _sessile_budget WHERE budget_id = ?", budgetId)[0];
  sql.exec(
    `INSERT INTO _sessile_budget (budget_id, source, ref, max_cost, max_tokens, raise_cost, raise_tokens, ask_for_ms, used_cost, used_tokens, asked)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)
      ON CONFLICT (budget_id) DO UPDATE SET source = excluded.source, ref = excluded.ref, max_cost = excluded.max_cost,
        max_tokens = excluded.max_tokens, raise_cost = excluded.raise_cost, raise_tokens = excluded.raise_tokens,
        ask_for_ms = excluded.ask_for_ms, gate_id = CASE WHEN ? THEN gate_id END`,
    budgetId,
    source,
    ref,
    max.costMicros,
    max.tokens,
    raiseBy.costMicros,
    raiseBy.tokens,
    askForMs,
    keepsQuestion ? 1 : 0,
  );
  if (known && known.source === source && known.ref === ref) return;
  sql.exec(
    `UPDATE _sessile_budget AS b SET used_cost = (SELECT coalesce(sum(cost_micros), 0) ${spent("b")}),
      used_tokens = (SELECT coalesce(sum(total_tokens), 0) ${spent("b")}) WHERE budget_id = ?`,
    budgetId,
  );
}

export function putQuestion(
  sql: Sql,
  { budgetId, gateId, offer }: SystemEventPayloads["usage.budget_asked"],
): void {
  sql.exec(
    "UPDATE _sessile_budget SET gate_id = ?, offer_cost = ?, offer_tokens = ?, asked = asked + 1 WHERE budget_id = ?",
    gateId,
    offer.costMicros,
    offer.tokens,
    budgetId,
  );
}

/** The question was answered by raising. */
export function putRaise(sql: Sql, { budgetId, max }: SystemEventPayloads["usage.budget_raised"]): void {
  sql.exec(
    "UPDATE _sessile_budget SET max_cost = ?, max_tokens = ?, gate_id = NULL WHERE budget_id = ?",
    max.costMicros,
    max.tokens,
    budgetId,
  );
}

export function putReservation(sql: Sql, reservation: SystemEventPayloads["usage.reserved"]): void {
  const { reservationId, source, ref, costMicros, tokens } = reservation;
  sql.exec(
    "INSERT INTO _sessile_reservation VALUES (?, ?, ?, ?, ?)",
    reservationId,
    source,
    ref,
    costMicros,
    tokens,
  );
}

/** @returns what was reserved, or null if nothing is */
export function readReservation(sql: Sql, reservationId: string): Required<UsageAmount> | null {
  const row = sql.exec(
    "SELECT cost, tokens FROM _sessile_reservation WHERE reservation_id = ?",
    reservationId,
  )[0];
  return row ? { costMicros: numberAt(row, "cost"), tokens: numberAt(row, "tokens") } : null;
}

export function dropReservation(sql: Sql, reservationId: string): void {
  sql.exec("DELETE FROM _sessile_reservation WHERE reservation_id = ?", reservationId);
}

/** Budgets count with the meter, entry by entry; a cost that nobody knows counts as what was reserved for it. */
export function countEntry(
  sql: Sql,
  entry: Pick<UsageEntry, "source" | "ref" | "costMicros" | "totalTokens">,
  reservationId: string | undefined,
): void {
  const held = reservationId === undefined ? null : readReservation(sql, reservationId);
  if (reservationId !== undefined) dropReservation(sql, reservationId);
  sql.exec(
    `UPDATE _sessile_budget SET used_cost = used_cost + ?, used_tokens = used_tokens + ? WHERE ${counts}`,
    entry.costMicros ?? held?.costMicros ?? 0,
    entry.totalTokens,
    entry.source,
    entry.ref,
  );
}

function rowOf(row: SqlRow): BudgetRow {
  return {
    budgetId: textAt(row, "budget_id"),
    source: textOrNullAt(row, "source"),
    ref: textOrNullAt(row, "ref"),
    max: { costMicros: numberOrNullAt(row, "max_cost"), tokens: numberOrNullAt(row, "max_tokens") },
    used: { costMicros: numberAt(row, "used_cost"), tokens: numberAt(row, "used_tokens") },
    reserved: { costMicros: numberAt(row, "reserved_cost"), tokens: numberAt(row, "reserved_tokens") },
    gateId: textOrNullAt(row, "gate_id"),
    raiseBy: { costMicros: numberAt(row, "raise_cost"), tokens: numberAt(row, "raise_tokens") },
    askForMs: numberOrNullAt(row, "ask_for_ms"),
    offer: { costMicros: numberOrNullAt(row, "offer_cost"), tokens: numberOrNullAt(row, "offer_tokens") },
    asked: numberAt(row, "asked"),
  };
}
