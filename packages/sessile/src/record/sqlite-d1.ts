import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { D1Database, D1PreparedStatement } from "./d1.ts";
import { utf8Bytes } from "./text.ts";

/** What this double saw; tests hold it against D1's limits, which local workerd does not enforce. */
export interface SqliteD1 extends D1Database {
  readonly database: DatabaseSync;
  readonly log: { queries: number; largestParamBytes: number; batches: number };
}

const maxParams = 100;
const maxStatementBytes = 100 * 1024;
const maxValueBytes = 2_000_000;

interface Statement extends D1PreparedStatement {
  run(): unknown[];
}

/** D1's shape over node:sqlite, for tests: the same SQL, D1's limits enforced, an answer never in the same tick. */
export function openSqliteD1(path = ":memory:"): SqliteD1 {
  const database = new DatabaseSync(path);
  const log = { queries: 0, largestParamBytes: 0, batches: 0 };
  const statements = new Map<string, StatementSync>();
  const prepare = (query: string, values: unknown[] = []): Statement => ({
    bind: (...bound) => prepare(query, bound),
    run() {
      log.queries++;
      assertLimits(query, values, log);
      const statement = statements.get(query) ?? database.prepare(query);
      statements.set(query, statement);
      return statement.all(...(values as SQLInputValue[]));
    },
    async all<Row>() {
      await null;
      return { results: this.run() as Row[] };
    },
  });
  return {
    database,
    log,
    prepare,
    async batch<Row>(statements: D1PreparedStatement[]) {
      await null;
      log.batches++;
      database.exec("BEGIN IMMEDIATE");
      try {
        const results = statements.map((statement) => ({ results: (statement as Statement).run() as Row[] }));
        database.exec("COMMIT");
        return results;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
  };
}

function assertLimits(query: string, values: unknown[], log: SqliteD1["log"]): void {
  if (values.length > maxParams) throw new Error(`D1_ERROR: ${values.length} bound parameters`);
  if (utf8Bytes(query) > maxStatementBytes) throw new Error("D1_ERROR: statement too long");
  for (const value of values) {
    if (value === undefined) throw new Error("D1_TYPE_ERROR: Type 'undefined' not supported");
    const bytes = typeof value === "string" ? utf8Bytes(value) : 8;
    if (bytes > maxValueBytes) throw new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG");
    log.largestParamBytes = Math.max(log.largestParamBytes, bytes);
  }
}
