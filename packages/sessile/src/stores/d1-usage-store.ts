import {
  checkedUsage,
  entryOf,
  rollupOf,
  rollupQueries,
  usageColumns,
  usageValues,
} from "../kernel/index.ts";
import type { UsageStore } from "../protocol/usage-store.ts";
import type { D1Database } from "../record/index.ts";
import { runMigration } from "./d1-migrations.ts";
import { type Operation, runOnD1, statement } from "./operation.ts";
import { type StoreOptions, storeContext } from "./store-context.ts";
import { assertName, pageOf } from "./store-input.ts";

const holes = usageColumns
  .split(", ")
  .map(() => "?")
  .join(", ");

/** What agents outside an object have used. The columns, checks and sums are those of a session's own meter. */
export function createD1UsageStore(db: D1Database, options: StoreOptions = {}): UsageStore {
  const { now } = storeContext(options);
  const run = async <T>(operation: Operation<T>): Promise<T> => {
    await runMigration(db);
    return runOnD1(db, operation);
  };
  return {
    async recordEntry({ sessionId, ...report }) {
      assertName("sessionId", sessionId);
      const [, ...values] = usageValues({ ...checkedUsage(report), seq: 0, at: now() });
      return run({
        statements: [
          statement(
            `INSERT INTO __agents_usage (session_id, ${usageColumns})
              VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM __agents_usage WHERE session_id = ?), ${holes.slice(3)})
              ON CONFLICT (session_id, entry_id) DO NOTHING RETURNING seq`,
            sessionId,
            sessionId,
            ...values,
          ),
        ],
        read: ([rows = []]) => rows.length > 0,
      });
    },
    async getEntries(sessionId, { kinds, before = Number.MAX_SAFE_INTEGER, ...page } = {}) {
      const { limit } = pageOf(page);
      const wanted = kinds === undefined ? null : JSON.stringify(kinds);
      const sql = `SELECT ${usageColumns} FROM __agents_usage WHERE session_id = ? AND seq < ?
        AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY seq DESC LIMIT ?`;
      return run({
        statements: [statement(sql, sessionId, before, wanted, wanted, limit + 1)],
        read: ([rows = []]) => ({ entries: rows.slice(0, limit).map(entryOf), hasMore: rows.length > limit }),
      });
    },
    getRollup: async (sessionId) =>
      run({
        statements: rollupQueries({ table: "__agents_usage", where: "session_id = ?", values: [sessionId] }),
        read: rollupOf,
      }),
  };
}
