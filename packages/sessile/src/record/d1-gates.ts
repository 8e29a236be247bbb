import type { D1PreparedStatement, D1Queries } from "./d1.ts";
import { isVisible } from "./d1-visibility.ts";
import { type DirectoryRow, sessionIdOf } from "./record.ts";
import { queried } from "./record-error.ts";
import { utf8Bytes } from "./text.ts";
import {
  type GateListOptions,
  type GatePage,
  gateCursor,
  gatePageOf,
  parseGateCursor,
  parseGateLimit,
  positionOfGate,
  type RecordedGate,
  type WaitingGate,
} from "./waiting-gate.ts";

/** Bytes of one JSON parameter; a single gate is far shorter. */
const maxParamBytes = 900_000;

/** Only beside a directory row that was taken: the gates are those of the same view. */
const isTaken = `EXISTS (SELECT 1 FROM sessile_sessions
  WHERE sessionId = ?1 AND lastSeq = ?2 AND (?3 IS NULL OR epoch IS NULL OR epoch <= ?3))`;
const deleteSql = `DELETE FROM sessile_gates
  WHERE sessionId = ?1 AND ${isTaken} AND gateId NOT IN (SELECT value FROM json_each(?4))`;
const insertSql = `INSERT INTO sessile_gates (sessionId, gateId, expiresAt, openedAt, body)
  SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?4) WHERE ${isTaken}
  ON CONFLICT (sessionId, gateId) DO UPDATE SET expiresAt = excluded.expiresAt, openedAt = excluded.openedAt,
    body = excluded.body WHERE body <> excluded.body`;

/** Makes the gates of a session those of its row, in the row's own transaction and after it. */
export function gateStatements(db: D1Queries, row: DirectoryRow): D1PreparedStatement[] {
  const { kind, name, lastSeq, epoch = null, gates = [] } = row;
  const bound = (sql: string, values: readonly unknown[]) =>
    db.prepare(sql).bind(sessionIdOf(kind, name), lastSeq, epoch, JSON.stringify(values));
  const rows = gates.map((gate) => {
    const [expiresAt, openedAt, , gateId] = positionOfGate({ kind, name, gate });
    return [gateId, expiresAt, openedAt, JSON.stringify(gate)] as const;
  });
  return [
    bound(
      deleteSql,
      rows.map(([gateId]) => gateId),
    ),
    ...inPieces(rows).map((piece) => bound(insertSql, piece)),
  ];
}

function inPieces<Row extends readonly unknown[]>(rows: readonly Row[]): Row[][] {
  const pieces: Row[][] = [];
  let left = 0;
  for (const row of rows) {
    const bytes = utf8Bytes(JSON.stringify(row));
    if (bytes > left) {
      pieces.push([]);
      left = maxParamBytes;
    }
    pieces.at(-1)?.push(row);
    left -= bytes;
  }
  return pieces;
}

interface GateColumns {
  readonly kind: string;
  readonly name: string;
  readonly title: string;
  readonly body: string;
}

export async function listGates(db: D1Queries, options: GateListOptions): Promise<GatePage> {
  const limit = parseGateLimit(options);
  const clauses: string[] = ["1"];
  const values: (string | number)[] = [];
  if (options.visibleTo !== undefined) {
    clauses.push(isVisible);
    values.push(options.visibleTo ?? "");
  }
  if (options.kind !== undefined) {
    clauses.push("session.kind = ?");
    values.push(options.kind);
  }
  if (options.cursor !== undefined) {
    clauses.push("(gate.expiresAt, gate.openedAt, gate.sessionId, gate.gateId) > (?, ?, ?, ?)");
    values.push(...parseGateCursor(options.cursor));
  }
  const select = db
    .prepare(
      `SELECT session.kind, session.name, session.title, gate.body
        FROM sessile_gates AS gate JOIN sessile_sessions AS session ON session.sessionId = gate.sessionId
        WHERE ${clauses.join(" AND ")}
        ORDER BY gate.expiresAt, gate.openedAt, gate.sessionId, gate.gateId LIMIT ?`,
    )
    .bind(...values, limit + 1);
  const { results } = await queried(() => select.all<GateColumns>());
  return gatePageOf(results.slice(0, limit).map(gateFrom), results.length > limit);
}

function gateFrom({ kind, name, title, body }: GateColumns): RecordedGate {
  const gate = JSON.parse(body) as WaitingGate;
  return { kind, name, title, gate, cursor: gateCursor(positionOfGate({ kind, name, gate })) };
}
