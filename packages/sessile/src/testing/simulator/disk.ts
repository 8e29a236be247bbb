import { DatabaseSync, type StatementSync } from "node:sqlite";
import { migrate } from "../../kernel/migrations.ts";
import { builtInMigrations } from "../../kernel/schema.ts";
import { NodeSql } from "../../node/node-sql.ts";
import { SimulatedKind } from "./simulated-kind.ts";

/** SQLite in memory, with the statements that were prepared for it. */
export interface Disk {
  readonly database: DatabaseSync;
  readonly statements: Map<string, StatementSync>;
}

export function newDisk(): Disk {
  return { database: new DatabaseSync(":memory:"), statements: new Map() };
}

const spare: Disk[] = [];

/** One with a session's tables and nothing in them: making those is most of what a short history costs. */
export function borrowDisk(): Disk {
  const disk = spare.pop() ?? withTables(newDisk());
  disk.database.exec("BEGIN");
  return disk;
}

/** Whatever was done with it since is undone. */
export function returnDisk(disk: Disk): void {
  disk.database.exec("ROLLBACK");
  spare.push(disk);
}

function withTables(disk: Disk): Disk {
  const sql = new NodeSql(disk.database);
  migrate(sql, "sessile", builtInMigrations, 0);
  migrate(sql, "kind", SimulatedKind.migrations, 0);
  return disk;
}
