import type { Sql } from "../kernel/index.ts";
import type { D1Database, D1PreparedStatement, D1Queries } from "../record/index.ts";

/** Lets one statement of a database fail, which its transaction must then undo with all the others. */
export class StatementFaults {
  #failing = 0;
  #count = 0;

  /** Statements tried since `failAt` was called last. */
  get count(): number {
    return this.#count;
  }

  /** @param statement 1 is the next one; 0 lets all pass */
  failAt(statement: number): void {
    this.#failing = statement;
    this.#count = 0;
  }

  /** Counts a statement. @returns whether it is to fail */
  next(): boolean {
    this.#count += 1;
    return this.#count === this.#failing;
  }

  /** @throws if the statement is to fail */
  check(): void {
    if (this.next()) throw new Error("This statement fails on purpose.");
  }
}

/** The end of an outermost transaction counts as a statement too. */
export function faultySql(sql: Sql, faults: StatementFaults): Sql {
  let depth = 0;
  return {
    exec(query, ...values) {
      faults.check();
      return sql.exec(query, ...values);
    },
    transaction: (body) =>
      sql.transaction(() => {
        depth += 1;
        try {
          const value = body();
          if (depth === 1) faults.check();
          return value;
        } finally {
          depth -= 1;
        }
      }),
  };
}

interface Wrapped extends D1PreparedStatement {
  readonly inner: D1PreparedStatement;
}

/** A statement that is to fail is replaced by one that does, so that it is the database itself which rolls back. */
export function faultyD1(db: D1Database, faults: StatementFaults): D1Database {
  const around = (queries: D1Queries): D1Queries => {
    const replaced = (inner: D1PreparedStatement): D1PreparedStatement =>
      faults.next() ? queries.prepare("SELECT json('{') AS failing") : inner;
    const wrap = (inner: D1PreparedStatement): Wrapped => ({
      inner,
      bind: (...values) => wrap(inner.bind(...values)),
      all: () => replaced(inner).all(),
    });
    return {
      prepare: (query) => wrap(queries.prepare(query)),
      batch: (statements) => queries.batch(statements.map((each) => replaced((each as Wrapped).inner))),
      ...(queries.getBookmark ? { getBookmark: () => queries.getBookmark?.() ?? null } : {}),
    };
  };
  const { withSession } = db;
  return {
    ...around(db),
    ...(withSession ? { withSession: (from?: string) => around(withSession.call(db, from)) } : {}),
  };
}
