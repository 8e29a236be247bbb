import { type NotPromise, refuseThenable, type Sql, type SqlRow, type SqlValue } from "../kernel/sql.ts";

/** The storage port over a Durable Object's own SQLite database. */
export class DurableSql implements Sql {
  readonly #storage: DurableObjectStorage;
  #closed: Error | null = null;
  /** Billed rows, counted by the platform; the bench reads it. */
  rowsWritten = 0;
  rowsRead = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Every later use throws `reason`. */
  close(reason: Error): void {
    this.#closed = reason;
  }

  get databaseBytes(): number {
    return this.#storage.sql.databaseSize;
  }

  exec(query: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    if (this.#closed) throw this.#closed;
    const cursor = this.#storage.sql.exec<Record<string, SqlStorageValue>>(query, ...values);
    const rows = cursor.toArray();
    this.rowsWritten += cursor.rowsWritten;
    this.rowsRead += cursor.rowsRead;
    return rows;
  }

  transaction<T>(body: () => NotPromise<T>): T {
    if (this.#closed) throw this.#closed;
    return this.#storage.transactionSync(() => {
      const value = body();
      refuseThenable(value);
      return value as T;
    });
  }
}
