import { DatabaseSync } from "node:sqlite";
import { describe, test } from "vitest";
import { sqlContract } from "../testing/sql-contract.ts";
import { NodeSql } from "./node-sql.ts";

describe("node:sqlite keeps the storage port's promises", () => {
  for (const { title, run } of sqlContract) test(title, () => run(new NodeSql(new DatabaseSync(":memory:"))));
});
