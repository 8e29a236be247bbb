import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test } from "vitest";
import { NodeSql } from "../node/node-sql.ts";
import { maxSqlRows, maxSqlValueChars } from "../protocol/inspection.ts";
import { inspectTables } from "./inspect.ts";
import { readOnly } from "./read-only-sql.ts";

let sql: NodeSql;
beforeEach(() => {
  sql = new NodeSql(new DatabaseSync(":memory:"));
  sql.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, data BLOB)");
  for (const table of ["draft", "continuation"])
    sql.exec(`CREATE TABLE _sessile_${table} (id INTEGER PRIMARY KEY, body TEXT)`);
  sql.exec("INSERT INTO note (text, data) VALUES ('a;b', ?), ('c''d', NULL)", new Uint8Array(20).buffer);
});
const notes = () => sql.exec("SELECT count(*) AS n FROM note")[0]?.n;

test.each([
  [
    "SELECT id, text FROM note ORDER BY id DESC;",
    [
      [2, "c'd"],
      [1, "a;b"],
    ],
  ],
  ["-- which\nselect text from note where text = 'a;b' /* ; */ ; ", [["a;b"]]],
  ["WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT n FROM up LIMIT 2", [[1], [2]]],
  [
    "VALUES (1, 'x)'), (2, '--')",
    [
      [1, "x)"],
      [2, "--"],
    ],
  ],
  ['SELECT 1 AS ";", 2 AS ";"', [[1, 2]]],
  ["SELECT data FROM note", [[{ hex: `${"00".repeat(16)}…` }], [null]]],
  ["SELECT * FROM note WHERE id > 7", []],
])("IN2 %s", (statement, rows) => {
  expect(readOnly(sql, statement).rows).toEqual(rows);
});

test("IN2 EXPLAIN tells how a statement would run, also one that would write, which it does not do", () => {
  expect(readOnly(sql, "EXPLAIN QUERY PLAN SELECT * FROM note").rows.flat()).toContain("SCAN note");
  expect(readOnly(sql, "EXPLAIN DELETE FROM note").rows.length).toBeGreaterThan(0);
  expect(notes()).toBe(2);
});

test("IN2 what is too long is cut, and an endless query ends", () => {
  const up = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT n FROM up";
  const many = readOnly(sql, up);
  expect([many.rows.length, many.isCut]).toEqual([maxSqlRows, true]);
  const long = readOnly(sql, `SELECT printf('%.*c', ${maxSqlValueChars + 1}, 'x') AS x`);
  expect([long.rows, long.isCut]).toEqual([[[`${"x".repeat(maxSqlValueChars)}…`]], true]);
  expect(readOnly(sql, `SELECT printf('%.*c', ${maxSqlValueChars}, 'x') AS x`).isCut).toBe(false);
});

test.each([
  "DELETE FROM note",
  "WITH gone AS (SELECT 1) DELETE FROM note",
  "SELECT 1; DELETE FROM note",
  "SELECT 1) LIMIT 1; DELETE FROM note; SELECT (1",
  "SELECT 1) UNION SELECT * FROM (SELECT 2",
  "SELECT 1) LIMIT 1 /*",
  "SELECT 'x",
  "EXPLAIN SELECT 1; DELETE FROM note",
  "PRAGMA user_version = 7",
  "CREATE TABLE more (id)",
  "COMMIT",
  "ATTACH 'x' AS y",
  "SELECT no_such_column FROM note",
  "SELECT 1\0; DELETE FROM note",
  "",
  ";",
  "x".repeat(20_001),
])("IN3 refused, and nothing is changed: %#", (statement) => {
  expect(() => readOnly(sql, statement)).toThrow(
    expect.objectContaining({ code: "bad_request", details: expect.objectContaining({ field: "sql" }) }),
  );
  expect(notes()).toBe(2);
  expect(sql.exec("PRAGMA user_version")).toEqual([{ user_version: 0 }]);
});

test.each([
  "SELECT * FROM _sessile_draft",
  'SELECT 1 FROM note, "_SESSILE_DRAFT"',
  "EXPLAIN SELECT * FROM [_sessile_draft]",
  "SELECT body FROM _sessile_continuation WHERE owner = 'draft'",
])("IN4 %s shows no draft", (statement) => {
  expect(() => readOnly(sql, statement)).toThrow(expect.objectContaining({ code: "forbidden" }));
  expect(inspectTables(sql)).toEqual([{ name: "note", rows: 2 }]);
});
