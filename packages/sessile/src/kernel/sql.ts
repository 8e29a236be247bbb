/**
 * The storage port. Synchronous on purpose: a session's database lies in its own process, and everything inside one
 * turn of the session is then atomic. Satisfied by shape; the adapters are `object/durable-sql.ts` and `node/node-sql.ts`.
 */
export type SqlValue = null | number | string | ArrayBuffer;
export type SqlRow = { readonly [column: string]: SqlValue };

/** A synchronous result: for a Promise it becomes `never`, so an async body does not compile. */
export type NotPromise<T> = T extends PromiseLike<unknown> ? never : T;

export interface Sql {
  /**
   * Runs one statement and returns all its rows. At most 100 bound values and 100 KB of text: those are the platform's
   * limits (Cloudflare, "SQL storage limits", read 2026-11), and the Node adapter keeps them too.
   */
  exec(query: string, ...values: readonly SqlValue[]): readonly SqlRow[];
  /**
   * Runs `body` so that all its writes happen or none. May be nested. `body` must be synchronous: the return type refuses
   * a Promise, and adapters refuse one at run time, because a transaction that ends at the first `await` loses the rest.
   */
  transaction<T>(body: () => NotPromise<T>): T;
}

/** For adapters: a thenable out of a transaction means that writes would escape it. */
export function refuseThenable(value: unknown): void {
  if (value !== null && typeof value === "object" && "then" in value && typeof value.then === "function") {
    throw new TypeError(
      "A transaction body must be synchronous, but it returned a Promise. Await before or after it.",
    );
  }
}

export function numberAt(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`Column ${column} holds no number`);
  return value;
}

export function textAt(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`Column ${column} holds no text`);
  return value;
}

export function textOrNullAt(row: SqlRow, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined ? null : textAt(row, column);
}

export function numberOrNullAt(row: SqlRow, column: string): number | null {
  const value = row[column];
  return value === null || value === undefined ? null : numberAt(row, column);
}
