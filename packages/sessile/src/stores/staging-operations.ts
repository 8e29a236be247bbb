import { textAt, textOrNullAt } from "../kernel/sql.ts";
import type { AgentMessage } from "../protocol/session-state.ts";
import type { StagedMessage, Staging } from "../protocol/state-store.ts";
import { isMineSql, messageCountSql, type StoreContext } from "./guarded-write.ts";
import { runsOf } from "./message-operations.ts";
import { type Operation, type Rows, rowIn, type Statement, statement } from "./operation.ts";
import { assertMessages, assertName, noSession, storedText } from "./store-input.ts";

const openSql = `INSERT INTO __agents_staging (session_id, staging_id, created_at)
  SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM __agents_states WHERE session_id = ?)
  ON CONFLICT (session_id, staging_id) DO NOTHING`;
const isOpenSql =
  "EXISTS (SELECT 1 FROM __agents_staging WHERE session_id = ? AND staging_id = ? AND promoted_at IS NULL)";
const nextPositionSql =
  "(SELECT coalesce(max(position) + 1, 0) FROM __agents_staged_messages WHERE session_id = ? AND staging_id = ?)";
const stagingSql =
  "SELECT checkpoint_id, promoted_at FROM __agents_staging WHERE session_id = ? AND staging_id = ?";
const stagedSql =
  "SELECT message_key, message FROM __agents_staged_messages WHERE session_id = ? AND staging_id = ? ORDER BY position";

/** Messages of a step that is not finished: kept as they come, and part of the conversation when all of it is. */
export function stagingOperations({ now }: Pick<StoreContext, "now">) {
  return {
    stageMessages(
      sessionId: string,
      stagingId: string,
      messages: readonly StagedMessage[],
    ): Operation<boolean> {
      assertName("stagingId", stagingId);
      return {
        statements: [
          statement(openSql, sessionId, stagingId, now(), sessionId),
          ...staged(sessionId, stagingId, messages),
          statement(stagingSql, sessionId, stagingId),
        ],
        read(results) {
          const [row] = results.at(-1) ?? [];
          if (!row) throw noSession(sessionId);
          return row.promoted_at === null;
        },
      };
    },

    getStaging: (sessionId: string, stagingId: string): Operation<Staging | null> => ({
      statements: [statement(stagingSql, sessionId, stagingId), statement(stagedSql, sessionId, stagingId)],
      read(results) {
        const row = rowIn(results, 0);
        return row ? { messages: (results[1] ?? []).map(stagedOf), promotedTo: promotedTo(row) } : null;
      },
    }),

    discardStaging: (sessionId: string, stagingId: string): Operation<boolean> => ({
      statements: [
        statement(
          "DELETE FROM __agents_staged_messages WHERE session_id = ? AND staging_id = ?",
          sessionId,
          stagingId,
        ),
        statement(
          "DELETE FROM __agents_staging WHERE session_id = ? AND staging_id = ? AND promoted_at IS NULL RETURNING staging_id",
          sessionId,
          stagingId,
        ),
      ],
      read: ([, rows = []]) => rows.length > 0,
    }),
  };
}

/** Only if the write `id` took place: its messages go from the staging into the conversation. */
export function promotion(
  sessionId: string,
  id: string,
  at: number,
  stagingId: string,
  checkpointId: string | null,
): readonly Statement[] {
  return [
    statement(
      `INSERT INTO __agents_messages (session_id, sequence, message, created_at)
        SELECT session_id, ${messageCountSql("?")} + row_number() OVER (ORDER BY position) - 1, message, ?
        FROM __agents_staged_messages WHERE session_id = ? AND staging_id = ? AND ${isMineSql}`,
      sessionId,
      at,
      sessionId,
      stagingId,
      sessionId,
      id,
    ),
    statement(
      `DELETE FROM __agents_staged_messages WHERE session_id = ? AND staging_id = ? AND ${isMineSql}`,
      sessionId,
      stagingId,
      sessionId,
      id,
    ),
    statement(
      `INSERT INTO __agents_staging (session_id, staging_id, checkpoint_id, created_at, promoted_at)
        SELECT ?, ?, ?, ?, ? WHERE ${isMineSql}
        ON CONFLICT (session_id, staging_id) DO UPDATE SET checkpoint_id = excluded.checkpoint_id, promoted_at = excluded.promoted_at`,
      sessionId,
      stagingId,
      checkpointId,
      at,
      at,
      sessionId,
      id,
    ),
  ];
}

/** True while a staging may be promoted; binds session and staging. */
export const notPromotedSql =
  "NOT EXISTS (SELECT 1 FROM __agents_staging WHERE session_id = ? AND staging_id = ? AND promoted_at IS NOT NULL)";

/** The checkpoint, or an empty text if it was promoted without one. Null: not promoted. */
export function promotedTo(row: Rows[number]): string | null {
  return row.promoted_at === null ? null : (textOrNullAt(row, "checkpoint_id") ?? "");
}

function staged(
  sessionId: string,
  stagingId: string,
  messages: readonly StagedMessage[],
): readonly Statement[] {
  assertMessages(messages.map(({ message }) => message));
  const rows = messages.map(({ key, message }, index) => {
    assertName(`messages[${index}].key`, key);
    return { key, text: storedText(`messages[${index}].message`, message) };
  });
  return runsOf(rows.flatMap(({ key, text }) => [key, text])).map((run) => {
    const values = Array.from({ length: run.length / 2 }, (_, index) => `(${index}, ?, ?)`).join(", ");
    return statement(
      `INSERT INTO __agents_staged_messages (session_id, staging_id, position, message_key, message)
        SELECT ?, ?, ${nextPositionSql} + column1, column2, column3 FROM (VALUES ${values}) WHERE ${isOpenSql}
        ON CONFLICT (session_id, staging_id, message_key) DO NOTHING`,
      sessionId,
      stagingId,
      sessionId,
      stagingId,
      ...run,
      sessionId,
      stagingId,
    );
  });
}

function stagedOf(row: Rows[number]): StagedMessage {
  return {
    key: textAt(row, "message_key"),
    message: JSON.parse(textAt(row, "message")) as AgentMessage,
  };
}
