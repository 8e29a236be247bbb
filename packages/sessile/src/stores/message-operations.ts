import { numberAt, textAt } from "../kernel/sql.ts";
import type { AgentMessage } from "../protocol/session-state.ts";
import type { MessagePage } from "../protocol/state-store.ts";
import { isMineSql, messageCountSql, plainWrite, type StoreContext } from "./guarded-write.ts";
import { type Operation, type Statement, statement } from "./operation.ts";
import { assertMessages, assertWhole, pageOf, storedText } from "./store-input.ts";

/** Of 100 values that may be bound to one statement, the rest is for what the rows share. */
const runLength = 90;
export const maxPageBytes = 4 * 1024 * 1024;

/** Two parameters: the session, and how many messages stay. Checkpoints that counted more would refer to others later. */
const truncateSql = "DELETE FROM __agents_messages WHERE session_id = ? AND sequence >= ?";
const uncheckSql = "DELETE FROM __agents_checkpoints WHERE session_id = ? AND message_count > ?";
const newestSql = `UPDATE __agents_states SET checkpoint_id =
  (SELECT checkpoint_id FROM __agents_checkpoints WHERE session_id = ? ORDER BY number DESC LIMIT 1) WHERE session_id = ?`;
/** Sizes are summed before texts are read, so a page costs what it holds; at least one message, whatever its size. */
const pageSql = `WITH sized AS (
    SELECT sequence, octet_length(message) AS bytes FROM __agents_messages
    WHERE session_id = ? AND sequence >= ? ORDER BY sequence LIMIT ?
  ), page AS (SELECT sequence, SUM(bytes) OVER (ORDER BY sequence) - bytes AS before FROM sized)
  SELECT message, ${messageCountSql("?")} AS message_count FROM __agents_messages
  WHERE session_id = ? AND sequence IN (SELECT sequence FROM page WHERE before < ${maxPageBytes}) ORDER BY sequence`;

export function messageOperations({ now, writeId }: StoreContext) {
  return {
    appendMessages(sessionId: string, messages: readonly AgentMessage[]): Operation<number> {
      const [id, at] = [writeId(), now()];
      const statements = [claim(sessionId, id, at), ...insertMessages(sessionId, id, at, messages)];
      return plainWrite(sessionId, id, statements, ({ messageCount }) => messageCount);
    },

    getMessages(
      sessionId: string,
      options: { readonly offset?: number; readonly limit?: number } = {},
    ): Operation<MessagePage> {
      const { offset, limit } = pageOf(options);
      return {
        statements: [statement(pageSql, sessionId, offset, limit, sessionId, sessionId)],
        read: ([rows = []]) => ({
          messages: rows.map((row) => JSON.parse(textAt(row, "message")) as AgentMessage),
          hasMore: rows[0] !== undefined && offset + rows.length < numberAt(rows[0], "message_count"),
        }),
      };
    },

    getMessageCount: (sessionId: string): Operation<number> => ({
      statements: [statement(`SELECT ${messageCountSql("?")} AS message_count`, sessionId)],
      read: ([rows = []]) => (rows[0] ? numberAt(rows[0], "message_count") : 0),
    }),

    truncateMessages(sessionId: string, messageCount: number): Operation<number> {
      assertWhole("messageCount", messageCount);
      const id = writeId();
      const statements = [claim(sessionId, id, now()), ...truncation(sessionId, id, messageCount)];
      return plainWrite(sessionId, id, statements, (outcome) => outcome.messageCount);
    },
  };
}

/** Leaves the write's id and changes nothing else: messages are no part of the state's version. */
function claim(sessionId: string, id: string, at: number): Statement {
  return statement(
    "UPDATE __agents_states SET write_id = ?, updated_at = ? WHERE session_id = ?",
    id,
    at,
    sessionId,
  );
}

/** Only if the write `id` took place. */
export function insertMessages(
  sessionId: string,
  id: string,
  at: number,
  messages: readonly AgentMessage[],
): readonly Statement[] {
  assertMessages(messages);
  const texts = messages.map((message, index) => storedText(`messages[${index}]`, message));
  return runsOf(texts).map((run) =>
    statement(
      `INSERT INTO __agents_messages (session_id, sequence, message, created_at)
        SELECT ?, ${messageCountSql("?")} + column1, column2, ? FROM (VALUES ${run.map((_, index) => `(${index}, ?)`).join(", ")})
        WHERE ${isMineSql}`,
      sessionId,
      sessionId,
      at,
      ...run,
      sessionId,
      id,
    ),
  );
}

/** Only if the write `id` took place. */
export function truncation(sessionId: string, id: string, messageCount: number): readonly Statement[] {
  return [
    statement(`${truncateSql} AND ${isMineSql}`, sessionId, messageCount, sessionId, id),
    statement(`${uncheckSql} AND ${isMineSql}`, sessionId, messageCount, sessionId, id),
    statement(`${newestSql} AND write_id = ?`, sessionId, sessionId, id),
  ];
}

/** As many as one statement binds. */
export function runsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / runLength) }, (_, run) =>
    items.slice(run * runLength, (run + 1) * runLength),
  );
}
