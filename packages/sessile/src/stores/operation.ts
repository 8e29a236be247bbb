import type { Sql, SqlRow, SqlValue } from "../kernel/index.ts";
import { SessileError } from "../protocol/index.ts";
import type { D1Queries } from "../record/index.ts";
import { isConstraintError, queried, unavailable } from "../record/record-error.ts";

export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export type Rows = readonly SqlRow[];

/**
 * Something a store does, as data: statements that are carried out in order, all or none, and what their rows mean. One round
 * trip of D1 and one transaction of a session's own SQLite alike, so there is one text for both.
 */
export interface Operation<T> {
  readonly statements: readonly Statement[];
  read(results: readonly Rows[]): T;
  /** Of a write: whether the rows of its last statement, asked again, show that it was carried out. `read` then needs only these. */
  readonly isCarriedOut?: (rows: Rows) => boolean;
}

export function statement(sql: string, ...values: readonly SqlValue[]): Statement {
  return { sql, values };
}

/** At once, on a session's own database. May be nested in a transaction. */
export function runOnSql<T>(sql: Sql, { statements, read }: Operation<T>): T {
  const all = (): readonly Rows[] => statements.map((each) => sql.exec(each.sql, ...each.values));
  try {
    return read(statements.length === 1 ? all() : sql.transaction(all));
  } catch (thrown) {
    throw isConstraintError(thrown) ? taken(thrown) : thrown;
  }
}

/**
 * One batch. If its answer is lost, a write is looked for once before it is given up.
 *
 * @param primary where it is looked for: a replica may not have it yet
 * @throws SessileError `unavailable`, `conflict` if an id is taken
 */
export async function runOnD1<T>(
  db: D1Queries,
  operation: Operation<T>,
  primary: D1Queries = db,
): Promise<T> {
  const { statements, isCarriedOut } = operation;
  const prepared = (each: Statement, on: D1Queries) => on.prepare(each.sql).bind(...each.values);
  let answers: readonly { readonly results: SqlRow[] }[];
  try {
    answers = await db.batch<SqlRow>(statements.map((each) => prepared(each, db)));
  } catch (thrown) {
    if (isConstraintError(thrown)) throw taken(thrown);
    const last = statements.at(-1);
    if (!isCarriedOut || !last) throw unavailable(thrown);
    const { results } = await queried(() => prepared(last, primary).all<SqlRow>());
    if (!isCarriedOut(results)) throw unavailable(thrown);
    return operation.read(statements.map((_, index) => (index === statements.length - 1 ? results : [])));
  }
  return operation.read(answers.map(({ results }) => results));
}

/** Ids are the caller's; nothing else here can violate a key. */
function taken(cause: unknown): SessileError {
  return new SessileError(
    "conflict",
    "An id of this write is taken by something else in this store.",
    {},
    { cause },
  );
}

/** The first row that a statement gave. */
export function rowIn(results: readonly Rows[], index: number): SqlRow | undefined {
  return results[index]?.[0];
}
