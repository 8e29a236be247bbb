/**
 * The part of D1 this folder uses, by shape: a real binding fits, so does any double, and no platform types are
 * needed to load or to compile it. Shapes as of `@cloudflare/workers-types` 5.20261117.
 */
export interface D1PreparedStatement {
  bind(...values: unknown[]): D1PreparedStatement;
  all<Row = unknown>(): Promise<{ readonly results: Row[] }>;
}

/** What answers queries: the database itself, or one of its sessions (a replica that is consistent with a bookmark). */
export interface D1Queries {
  prepare(query: string): D1PreparedStatement;
  /** All statements in one transaction, in order; one that fails undoes them all. */
  batch<Row = unknown>(statements: D1PreparedStatement[]): Promise<{ readonly results: Row[] }[]>;
  /** Of a session: what its next read will at least have seen. */
  getBookmark?(): string | null;
}

export interface D1Database extends D1Queries {
  /** Absent in older runtimes. Without it every read goes to the primary. */
  withSession?(constraintOrBookmark?: string): D1Queries;
}
