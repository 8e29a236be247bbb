import { type Sql, Usage, type Writer } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { UsageStore } from "../../protocol/usage-store.ts";

const defaultLimit = 100;

/** Where the meter of a session lies. */
export interface MeteredSession {
  readonly sessionId: string;
  readonly sql: Sql;
  write<T>(body: (writer: Writer) => T): T;
}

/** The session's own meter as a `UsageStore`: what is recorded here is what quotas, budgets and `GET …/usage` count. */
export function createSessionUsageStore(session: MeteredSession): UsageStore {
  const own = (sessionId: string): Usage => {
    if (sessionId === session.sessionId) return new Usage(session.sql);
    throw new SessileError(
      "bad_request",
      `This is the meter of ${session.sessionId}, and of no other session.`,
      {
        field: "sessionId",
      },
    );
  };
  return {
    async recordEntry({ sessionId, ...report }) {
      own(sessionId);
      return session.write((writer) => writer.recordUsage(report));
    },
    async getEntries(sessionId, { limit = defaultLimit, ...options } = {}) {
      const entries = own(sessionId).list(limit + 1, options);
      return { entries: entries.slice(0, limit), hasMore: entries.length > limit };
    },
    getRollup: async (sessionId) => own(sessionId).rollup(),
  };
}
