import { numberAt, textAt } from "../kernel/sql.ts";
import type { Checkpoint } from "../protocol/state-store.ts";
import { type Operation, type Rows, rowIn, statement } from "./operation.ts";
import { stateFromText } from "./state-row.ts";
import { assertWhole, pageOf } from "./store-input.ts";

const listed = "session_id, checkpoint_id, step, message_count, stream_sequence, created_at";
const oneSql = `SELECT ${listed}, state FROM __agents_checkpoints WHERE session_id = ?`;

export const checkpointOperations = {
  getCheckpoint: (sessionId: string, checkpointId: string): Operation<Checkpoint | null> => ({
    statements: [statement(`${oneSql} AND checkpoint_id = ?`, sessionId, checkpointId)],
    read: ([rows = []]) => checkpointIn(rows),
  }),

  getLatestCheckpoint: (sessionId: string): Operation<Checkpoint | null> => ({
    statements: [statement(`${oneSql} ORDER BY number DESC LIMIT 1`, sessionId)],
    read: ([rows = []]) => checkpointIn(rows),
  }),

  listCheckpoints(
    sessionId: string,
    options: { readonly offset?: number; readonly limit?: number } = {},
  ): Operation<{
    readonly checkpoints: readonly Omit<Checkpoint, "state">[];
    readonly total: number;
    readonly hasMore: boolean;
  }> {
    const { offset, limit } = pageOf(options);
    return {
      statements: [
        statement(
          `SELECT ${listed} FROM __agents_checkpoints WHERE session_id = ? ORDER BY number DESC LIMIT ? OFFSET ?`,
          sessionId,
          limit,
          offset,
        ),
        statement("SELECT count(*) AS total FROM __agents_checkpoints WHERE session_id = ?", sessionId),
      ],
      read(results) {
        const [rows = []] = results;
        const counted = rowIn(results, 1);
        const total = counted ? numberAt(counted, "total") : 0;
        return { checkpoints: rows.map(listedOf), total, hasMore: offset + rows.length < total };
      },
    };
  },

  pruneCheckpoints(sessionId: string, keep: number): Operation<number> {
    assertWhole("keep", keep, 1);
    return {
      statements: [
        statement(
          `DELETE FROM __agents_checkpoints WHERE session_id = ? AND number <=
            (SELECT number FROM __agents_checkpoints WHERE session_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?) RETURNING number`,
          sessionId,
          sessionId,
          keep,
        ),
      ],
      read: ([rows = []]) => rows.length,
    };
  },
};

function checkpointIn([row]: Rows): Checkpoint | null {
  return row ? { ...listedOf(row), state: stateFromText(textAt(row, "state")) } : null;
}

function listedOf(row: Rows[number]): Omit<Checkpoint, "state"> {
  return {
    checkpointId: textAt(row, "checkpoint_id"),
    sessionId: textAt(row, "session_id"),
    stepCount: numberAt(row, "step"),
    messageCount: numberAt(row, "message_count"),
    streamSequence: numberAt(row, "stream_sequence"),
    createdAt: numberAt(row, "created_at"),
  };
}
