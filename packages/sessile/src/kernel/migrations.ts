import { SessileError } from "../protocol/error.ts";
import { numberAt, type Sql } from "./sql.ts";

/** One step of a schema. Steps are append-only: a version that has shipped is never edited, only followed. */
export interface Migration {
  /** 1, 2, 3, … without a gap. */
  readonly version: number;
  readonly name: string;
  up(sql: Sql): void;
}

/**
 * Brings one owner's tables up to date. Each step and its version row are one transaction, so a crash between them
 * cannot run a step twice. Versions live in a table because `PRAGMA user_version` answers SQLITE_AUTH in a Durable
 * Object (tried on workerd 1.20261117).
 *
 * @returns the number of steps that ran
 */
export function migrate(
  sql: Sql,
  owner: "sessile" | "kind" | "agents",
  migrations: readonly Migration[],
  now: number,
): number {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS _sessile_migration (owner TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (owner, version)) WITHOUT ROWID",
  );
  const row = sql.exec(
    "SELECT coalesce(max(version), 0) AS version FROM _sessile_migration WHERE owner = ?",
    owner,
  )[0];
  const current = row ? numberAt(row, "version") : 0;
  assertOrdered(owner, migrations);
  if (current > migrations.length) {
    throw new SessileError(
      "unavailable",
      `This session's ${owner} tables are at version ${current}, newer than this code (${migrations.length}). Deploy the newer code again.`,
    );
  }
  for (const step of migrations.slice(current)) {
    sql.transaction(() => {
      step.up(sql);
      sql.exec("INSERT INTO _sessile_migration VALUES (?, ?, ?, ?)", owner, step.version, step.name, now);
    });
  }
  return migrations.length - current;
}

function assertOrdered(owner: string, migrations: readonly Migration[]): void {
  for (const [index, step] of migrations.entries()) {
    if (step.version !== index + 1) {
      throw new SessileError(
        "internal",
        `Migration "${step.name}" of ${owner} has version ${step.version}; ${index + 1} was expected.`,
      );
    }
  }
}
