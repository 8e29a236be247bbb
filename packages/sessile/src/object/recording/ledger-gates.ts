import { type ListedGate, listGates, readGate, type Sql } from "../../kernel/index.ts";
import type { GateRecord } from "../../protocol/gate.ts";
import type { SessionView } from "../../protocol/view.ts";

/** Gates as of the recorded view: what was staged since shows in none of them. */
export function recordedGates(sql: Sql, view: SessionView, after: number, limit: number): ListedGate[] {
  return listGates(sql, { after, upTo: view.lastSeq, limit }).map((one) => ({ ...one, ...asOf(view, one) }));
}

export function recordedGate(sql: Sql, view: SessionView, gateId: string): GateRecord | null {
  const found = readGate(sql, gateId);
  return found && found.seq <= view.lastSeq ? asOf(view, found) : null;
}

function asOf({ gates }: SessionView, { gate, outcome }: GateRecord): GateRecord {
  const waiting = Object.hasOwn(gates, gate.gateId) ? gates[gate.gateId] : undefined;
  return waiting ? { gate: waiting, outcome: null } : { gate, outcome };
}
