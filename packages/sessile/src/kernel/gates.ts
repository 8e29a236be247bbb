import { SessileError } from "../protocol/error.ts";
import type { Gate, GateOutcome } from "../protocol/gate.ts";
import type { Batch } from "./batch.ts";
import type { DueTable } from "./due-table.ts";
import { type Sql, type SqlRow, textAt, textOrNullAt } from "./sql.ts";

export interface GateRequest {
  /** Stable id; opening the same id again is a no-op, so that a repeated step asks once. Default: `g{seq}`. */
  readonly gateId?: string;
  readonly title: string;
  readonly detail?: string;
  /** Default: approve, reject. */
  readonly options?: readonly string[];
  /** Milliseconds since 1970. Default: waits for ever. */
  readonly expiresAt?: number;
}

/** A gate and, once it is settled, how and by whom. */
export interface GateRecord {
  readonly gate: Gate;
  readonly outcome: GateOutcome | null;
}

export const gateDuePrefix = "gate:";

export function openGate(sql: Sql, due: DueTable, batch: Batch, request: GateRequest): string {
  const gateId = request.gateId ?? `g${batch.lastSeq + 1}`;
  if (readGate(sql, gateId)) return gateId;
  const body = {
    gateId,
    title: request.title,
    detail: request.detail ?? "",
    options: request.options ?? ["approve", "reject"],
    expiresAt: request.expiresAt ?? null,
  };
  const seq = batch.emitSystem("gate.opened", body);
  insertGate(sql, due, { ...body, openedAt: batch.at }, seq);
  return gateId;
}

/** The row of a gate that was just opened, and its expiry. */
export function insertGate(sql: Sql, due: DueTable, gate: Gate, seq: number): void {
  sql.exec(
    "INSERT INTO _sessile_gate VALUES (?, 'waiting', ?, NULL, ?)",
    gate.gateId,
    JSON.stringify(gate),
    seq,
  );
  if (gate.expiresAt !== null) due.put(gateDuePrefix + gate.gateId, gate.expiresAt);
}

/** Answered once: whoever is second learns what was answered. @throws SessileError `not_found`, `gate_closed`, `bad_request` */
export function answerGate(
  sql: Sql,
  due: DueTable,
  batch: Batch,
  gateId: string,
  answer: string,
  comment: string | null,
): GateRecord {
  const gate = waitingGate(sql, gateId);
  if (!gate.options.includes(answer)) {
    throw new SessileError("bad_request", `This gate takes one of: ${gate.options.join(", ")}.`, {
      field: "answer",
    });
  }
  if (gate.expiresAt !== null && gate.expiresAt <= batch.at) {
    throw new SessileError("gate_closed", "This gate has expired.", { field: "gateId" });
  }
  batch.emitSystem("gate.answered", { gateId, answer, comment });
  return settleGate(sql, due, gate, { status: "answered", answer, comment });
}

/** Ends a gate that nobody answered; null if it was settled before. */
export function expireGate(sql: Sql, due: DueTable, batch: Batch, gateId: string): GateRecord | null {
  const record = readGate(sql, gateId);
  if (!record || record.outcome) return null;
  batch.emitSystem("gate.expired", { gateId });
  return settleGate(sql, due, record.gate, { status: "expired" });
}

export function readGate(sql: Sql, gateId: string): GateRecord | null {
  const row = sql.exec("SELECT body, outcome FROM _sessile_gate WHERE gate_id = ?", gateId)[0];
  return row ? gateOf(row) : null;
}

/** Every gate in the order it was opened, up to a seq. */
export function listGates(sql: Sql, upTo = Number.MAX_SAFE_INTEGER): GateRecord[] {
  return sql.exec("SELECT body, outcome FROM _sessile_gate WHERE seq <= ? ORDER BY seq", upTo).map(gateOf);
}

function gateOf(row: SqlRow): GateRecord {
  const outcome = textOrNullAt(row, "outcome");
  return {
    gate: JSON.parse(textAt(row, "body")) as Gate,
    outcome: outcome === null ? null : (JSON.parse(outcome) as GateOutcome),
  };
}

function waitingGate(sql: Sql, gateId: string): Gate {
  const record = readGate(sql, gateId);
  if (!record) throw new SessileError("not_found", "This session has no such gate.", { field: "gateId" });
  if (record.outcome) {
    const how =
      record.outcome.status === "answered" ? `answered "${record.outcome.answer}"` : "closed by its expiry";
    throw new SessileError("gate_closed", `This gate was already ${how}.`, {
      field: "gateId",
      current: record.outcome.status === "answered" ? record.outcome.answer : null,
    });
  }
  return record.gate;
}

/** Writes down how a gate ended. */
export function settleGate(sql: Sql, due: DueTable, gate: Gate, outcome: GateOutcome): GateRecord {
  sql.exec(
    "UPDATE _sessile_gate SET status = ?, outcome = ? WHERE gate_id = ?",
    outcome.status,
    JSON.stringify(outcome),
    gate.gateId,
  );
  if (gate.expiresAt !== null) due.drop(gateDuePrefix + gate.gateId);
  return { gate, outcome };
}
