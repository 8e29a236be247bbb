import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type NotPromise, refuseThenable, type Sql, type SqlRow, type SqlValue } from "../kernel/sql.ts";

/** The storage port over `node:sqlite`: command lines, tests and the simulator. Keeps the platform's limit of 100 bound values. */
export class NodeSql implements Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  exec(query: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    if (values.length > 100) throw new RangeError("At most 100 values can be bound to one statement.");
    let statement = this.#statements.get(query);
    if (!statement) {
      statement = this.#database.prepare(query);
      this.#statements.set(query, statement);
    }
    return statement.all(...values.map(toNode)).map(fromNode);
  }

  transaction<T>(body: () => NotPromise<T>): T {
    const name = `sessile_${this.#depth}`;
    this.#database.exec(this.#depth === 0 ? "BEGIN IMMEDIATE" : `SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const value = body();
      refuseThenable(value);
      this.#depth -= 1;
      this.#database.exec(this.#depth === 0 ? "COMMIT" : `RELEASE ${name}`);
      return value;
    } catch (thrown) {
      this.#rollback(name);
      throw thrown;
    }
  }

  #rollback(name: string): void {
    const depth = Number(name.slice("sessile_".length));
    this.#depth = depth;
    // SQLite may have rolled back by itself (disk full, for one); a second ROLLBACK would hide the first error.
    if (!this.#database.isTransaction) return;
    this.#database.exec(depth === 0 ? "ROLLBACK" : `ROLLBACK TO ${name}; RELEASE ${name}`);
  }
}

function toNode(value: SqlValue): null | number | string | Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function fromNode(row: Record<string, unknown>): SqlRow {
  for (const [column, value] of Object.entries(row)) {
    if (value instanceof Uint8Array)
      row[column] = value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength);
  }
  return row as SqlRow;
}
