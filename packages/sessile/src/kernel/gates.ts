import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import {
  assertSameCall,
  type ExpiryReason,
  escalatedGate,
  type Gate,
  type GateOutcome,
  type GateRecord,
  gateClosed,
} from "../protocol/gate.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Batch } from "./batch.ts";
import type { DueTable } from "./due-table.ts";
import { type GateRequest, gateOf } from "./gate-request.ts";
import { numberAt, type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

export const gateDuePrefix = "gate:";
/** Due work of a gate about a call: policies beyond the session are asked for. */
export const policyDuePrefix = "policies:";

/** How a gate is answered: by whom is known from the event. */
export type AnsweredWith = Omit<Extract<GateOutcome, { status: "answered" }>, "status" | "by" | "at">;

/**
 * Opens a gate, unless it is there.
 *
 * @throws SessileError `bad_request`, `limit_exceeded`; `conflict` if there is one of this id about another call: an approval of that
 * one must not let this one run
 */
export function openGate(
  sql: Sql,
  due: DueTable,
  batch: Batch,
  request: GateRequest,
  limits: Limits,
): { readonly gateId: string; readonly opened: Gate | null } {
  const gateId = request.gateId ?? `g${batch.lastSeq + 1}`;
  const known = readGate(sql, gateId);
  if (known) {
    assertSameRequest(known.gate, request);
    return { gateId, opened: null };
  }
  if (Object.keys(batch.view.gates).length >= limits.maxOpenGates)
    throw new SessileError(
      "limit_exceeded",
      `A session has at most ${limits.maxOpenGates} gates that wait. Withdraw those that no longer matter.`,
      { field: "gateId", limit: "maxOpenGates" },
    );
  const body = gateOf(request, gateId, batch.actor, limits);
  const seq = batch.emitSystem("gate.opened", body);
  const opened = { ...body, openedAt: batch.at };
  insertGate(sql, due, opened, seq);
  return { gateId, opened };
}

/** The row of a gate that was just opened, and its expiry. */
export function insertGate(sql: Sql, due: DueTable, gate: Gate, seq: number): void {
  sql.exec(
    "INSERT INTO _sessile_gate VALUES (?, 'waiting', ?, NULL, ?)",
    gate.gateId,
    JSON.stringify(gate),
    seq,
  );
  setDue(due, gate);
}

/** Whoever is second learns what was answered. @throws SessileError `not_found`, `gate_closed` */
export function waitingGate(sql: Sql, gateId: string, now: number): Gate {
  const record = readGate(sql, gateId);
  if (!record) throw new SessileError("not_found", "This session has no such gate.", { field: "gateId" });
  if (record.outcome) throw gateClosed(record.outcome);
  const { gate } = record;
  if (hasExpired(gate, now)) throw gateClosed(expiryOf(gate, "time", now));
  return gate;
}

export function hasExpired({ expiresAt }: Gate, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

export function settleAnswered(
  sql: Sql,
  due: DueTable,
  batch: Batch,
  gate: Gate,
  answered: AnsweredWith,
): GateRecord {
  const seq = batch.emitSystem("gate.answered", { gateId: gate.gateId, ...answered });
  return settleGate(sql, due, gate, answeredOutcome(answered, batch.actorOf(seq), batch.at));
}

export function answeredOutcome(answered: AnsweredWith, by: Actor | null, at: number): GateOutcome {
  return { status: "answered", ...answered, by, at };
}

/** Ends a gate that nobody answered; null if it was settled before. */
export function expireGate(
  sql: Sql,
  due: DueTable,
  batch: Batch,
  gateId: string,
  reason: ExpiryReason,
): GateRecord | null {
  const record = readGate(sql, gateId);
  if (!record || record.outcome) return null;
  const { status: _status, at: _at, ...expiry } = expiryOf(record.gate, reason, batch.at);
  batch.emitSystem("gate.expired", { gateId, ...expiry });
  return settleGate(sql, due, record.gate, expiryOf(record.gate, reason, batch.at));
}

/** A default stands for an answer that did not come, not for a question that no longer arises. */
export function expiryOf(
  gate: Gate,
  reason: ExpiryReason,
  at: number,
): Extract<GateOutcome, { status: "expired" }> {
  const standing = reason === "time" && gate.default !== undefined ? { default: gate.default } : {};
  return { status: "expired", at, reason, ...standing };
}

/** Asks others beside those who have not answered. @returns the gate as it is from then on */
export function escalateGate(sql: Sql, due: DueTable, batch: Batch, gate: Gate): Gate {
  const to = gate.escalation?.to ?? [];
  batch.emitSystem("gate.escalated", { gateId: gate.gateId, to });
  return putEscalated(sql, due, gate, to);
}

export function putEscalated(sql: Sql, due: DueTable, gate: Gate, to: readonly string[]): Gate {
  const escalated = escalatedGate(gate, to);
  sql.exec("UPDATE _sessile_gate SET body = ? WHERE gate_id = ?", JSON.stringify(escalated), gate.gateId);
  setDue(due, escalated);
  return escalated;
}

export function readGate(sql: Sql, gateId: string): ListedGate | null {
  const row = sql.exec("SELECT body, outcome, seq FROM _sessile_gate WHERE gate_id = ?", gateId)[0];
  return row ? recordOf(row) : null;
}

/** A gate and where it stands in the log. */
export type ListedGate = GateRecord & { readonly seq: number };

/** Gates in the order they were opened, after a seq and up to another. */
export function listGates(
  sql: Sql,
  { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit = Number.MAX_SAFE_INTEGER } = {},
): ListedGate[] {
  return sql
    .exec(
      "SELECT body, outcome, seq FROM _sessile_gate WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
      after,
      upTo,
      limit,
    )
    .map(recordOf);
}

/** Writes down how a gate ended. */
export function settleGate(sql: Sql, due: DueTable, gate: Gate, outcome: GateOutcome): GateRecord {
  sql.exec(
    "UPDATE _sessile_gate SET status = ?, outcome = ? WHERE gate_id = ?",
    outcome.status,
    JSON.stringify(outcome),
    gate.gateId,
  );
  if (dueAtOf(gate) !== null) due.drop(gateDuePrefix + gate.gateId);
  return { gate, outcome };
}

/** One row for what comes first: the escalation or the expiry. */
function setDue(due: DueTable, gate: Gate): void {
  const dueAt = dueAtOf(gate);
  if (dueAt !== null) due.put(gateDuePrefix + gate.gateId, dueAt);
  else if (gate.escalation) due.drop(gateDuePrefix + gate.gateId);
}

function dueAtOf({ expiresAt, escalation }: Gate): number | null {
  const escalatesAt = escalation && !escalation.isDone ? escalation.at : null;
  if (escalatesAt === null || expiresAt === null) return escalatesAt ?? expiresAt;
  return Math.min(escalatesAt, expiresAt);
}

function recordOf(row: SqlRow): ListedGate {
  const outcome = textOrNullAt(row, "outcome");
  return {
    gate: JSON.parse(textAt(row, "body")) as Gate,
    outcome: outcome === null ? null : (JSON.parse(outcome) as GateOutcome),
    seq: numberAt(row, "seq"),
  };
}

function assertSameRequest({ call, kind = "approval" }: Gate, request: GateRequest): void {
  if (call && request.call) assertSameCall(call, { arguments: null, ...request.call });
  if ((call === undefined) === (request.call === undefined) && kind === (request.kind ?? "approval")) return;
  throw new SessileError("conflict", "There is another gate of this id.", { field: "gateId" });
}
