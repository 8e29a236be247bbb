import { DatabaseSync } from "node:sqlite";

/** One line of the report. */
export interface Finding {
  readonly level: "ok" | "warn" | "bad";
  readonly what: string;
  readonly detail: string;
}

export interface Database {
  readonly path: string;
  readonly bytes: number;
}

/** What the record lacks: of what the sessions said when they wrote their rows, and of what they know it once held. */
export function inspectRecord(databases: readonly Database[]): Finding[] {
  const findings: Finding[] = [];
  const recorded = new Map<string, number>();
  // A folder of this name; names of objects are hexadecimal and may hold these letters too.
  const isRecord = ({ path }: Database) => path.split(/[\\/]/).includes("d1");
  for (const { path } of databases.filter(isRecord)) {
    const rows = query(path, "SELECT sessionId, lastSeq, recordedSeq FROM sessile_sessions");
    if (!rows) continue; // another database of the Worker
    const lags = rows.map((row) => Math.max(0, Number(row.lastSeq) - Number(row.recordedSeq)));
    const behind = lags.filter((lag) => lag > 0).length;
    const events = lags.reduce((sum, lag) => sum + lag, 0);
    const detail = `${rows.length} sessions, ${behind} of them ${events} events behind`;
    findings.push({ level: behind > 0 ? "warn" : "ok", what: "record", detail });
    for (const row of rows) recorded.set(String(row.sessionId), Number(row.recordedSeq));
  }
  if (findings.length === 0) return [];
  const putBack = databases.filter((one) => !isRecord(one)).flatMap(({ path }) => lostOf(path, recorded));
  if (putBack.length > 0)
    findings.push({
      level: "warn",
      what: "record",
      detail: `${putBack.length} sessions know of events that it once held and lacks now, such as ${putBack[0]}. It was put back to an earlier time; each refills it when next used.`,
    });
  return findings;
}

function lostOf(path: string, recorded: ReadonlyMap<string, number>): string[] {
  const row = query(
    path,
    `SELECT (SELECT CAST(value AS INTEGER) FROM _sessile_meta WHERE key = 'recordedSeq') AS known,
      coalesce((SELECT body FROM _sessile_view), (SELECT body FROM _sessile_log WHERE first_seq = 1)) AS body`,
  )?.[0];
  // The view may go on in further rows; its address stands at its beginning.
  const [, kind, name] = /"kind":"([^"]+)","name":"([^"]+)"/.exec(String(row?.body)) ?? [];
  const id = `${kind}/${name}`;
  return Number(row?.known ?? 0) > (recorded.get(id) ?? 0) ? [id] : [];
}

/** Null where the database has no such tables. */
function query(path: string, sql: string): Record<string, unknown>[] | null {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } catch {
    return null;
  } finally {
    database.close();
  }
}
