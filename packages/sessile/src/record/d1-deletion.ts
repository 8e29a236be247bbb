import type { D1Queries } from "./d1.ts";
import { sessionIdOf } from "./record.ts";
import { queried } from "./record-error.ts";

/** Rows of one statement: D1 runs one at a time, and others wait for it. */
const rowsPerStatement = 2000;

/**
 * Deletes a session's events and its directory row, and keeps a row that says so: a write of the deleted session that was on
 * its way meanwhile makes no new row. May be repeated, and goes on where it ended.
 */
export async function deleteSession(
  db: D1Queries,
  kind: string,
  name: string,
  deletedAt: number,
): Promise<void> {
  const sessionId = sessionIdOf(kind, name);
  const mark = db
    .prepare(
      "INSERT INTO sessile_deletions VALUES (?1, ?2) ON CONFLICT (sessionId) DO UPDATE SET deletedAt = MAX(deletedAt, excluded.deletedAt)",
    )
    .bind(sessionId, deletedAt);
  await queried(() => mark.all());
  const events = db
    .prepare(
      `DELETE FROM session_events WHERE eventId IN
        (SELECT eventId FROM session_events WHERE sessionId = ?1 ORDER BY seq DESC LIMIT ${rowsPerStatement}) RETURNING 1 AS gone`,
    )
    .bind(sessionId);
  // From the end, so that what is left of an interrupted deletion is a log without a gap.
  for (let gone = rowsPerStatement; gone === rowsPerStatement; )
    gone = (await queried(() => events.all())).results.length;
  await queried(() =>
    db.batch([
      db.prepare("DELETE FROM session_event_parts WHERE sessionId = ?1").bind(sessionId),
      db.prepare("DELETE FROM session_events WHERE sessionId = ?1").bind(sessionId),
      db.prepare("DELETE FROM sessile_gates WHERE sessionId = ?1").bind(sessionId),
      db.prepare("DELETE FROM sessile_sessions WHERE sessionId = ?1").bind(sessionId),
    ]),
  );
}

/** The address takes older sessions again, as from an import. */
export async function readmitSession(db: D1Queries, kind: string, name: string): Promise<void> {
  const remove = db
    .prepare("DELETE FROM sessile_deletions WHERE sessionId = ?1")
    .bind(sessionIdOf(kind, name));
  await queried(() => remove.all());
}
