import type { Sql, SqlValue } from "../kernel/sql.ts";

/** One promise of the storage port, as a function that throws when it is broken. Runs wherever an adapter runs. */
export interface SqlCase {
  readonly title: string;
  run(sql: Sql): void;
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Broken: ${what}`);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(a === b, `${what}: ${a}, expected ${b}`);
}

function throws(body: () => unknown, what: string): void {
  try {
    body();
  } catch {
    return;
  }
  throw new Error(`Broken: ${what} did not throw`);
}

const count = (sql: Sql): SqlValue | undefined => sql.exec("SELECT count(*) AS n FROM t")[0]?.n;

/** Every adapter of the port passes these, each on an empty database. */
export const sqlContract: readonly SqlCase[] = [
  {
    title: "SQ1 values come back as they went in",
    run(sql) {
      sql.exec("CREATE TABLE t (a, b, c, d, e)");
      sql.exec(
        "INSERT INTO t VALUES (?, ?, ?, ?, ?)",
        null,
        1.5,
        "ä€😀\u0000x",
        9007199254740991,
        new Uint8Array([0, 255]).buffer,
      );
      const row = sql.exec("SELECT * FROM t")[0];
      equal([row?.a, row?.b, row?.c, row?.d], [null, 1.5, "ä€😀\u0000x", 9007199254740991], "scalars");
      check(row?.e instanceof ArrayBuffer, "a blob is an ArrayBuffer");
      equal([...new Uint8Array(row?.e as ArrayBuffer)], [0, 255], "bytes");
    },
  },
  {
    title: "SQ2 a transaction that throws leaves nothing",
    run(sql) {
      sql.exec("CREATE TABLE t (a)");
      throws(
        () =>
          sql.transaction(() => {
            sql.exec("INSERT INTO t VALUES (1)");
            throw new Error("stop");
          }),
        "the error",
      );
      equal(count(sql), 0, "rows");
    },
  },
  {
    title: "SQ3 an inner transaction that throws takes only its own writes along",
    run(sql) {
      sql.exec("CREATE TABLE t (a)");
      sql.transaction(() => {
        sql.exec("INSERT INTO t VALUES (1)");
        throws(
          () =>
            sql.transaction(() => {
              sql.exec("INSERT INTO t VALUES (2)");
              throw new Error("stop");
            }),
          "the inner error",
        );
        sql.transaction(() => void sql.exec("INSERT INTO t VALUES (3)"));
      });
      equal(
        sql.exec("SELECT a FROM t ORDER BY a").map((row) => row.a),
        [1, 3],
        "rows",
      );
    },
  },
  {
    title: "SQ4 an asynchronous body is refused and leaves nothing",
    run(sql) {
      sql.exec("CREATE TABLE t (a)");
      const body = (() => {
        sql.exec("INSERT INTO t VALUES (1)");
        return Promise.resolve(1);
      }) as unknown as () => number;
      throws(() => sql.transaction(body), "the promise");
      equal(count(sql), 0, "rows");
    },
  },
  {
    title: "SQ5 more than 100 bound values are refused",
    run(sql) {
      sql.exec("CREATE TABLE t (a)");
      throws(
        () => sql.exec(`SELECT 1 WHERE 1 IN (${"?,".repeat(100)}?)`, ...Array(101).fill(1)),
        "101 values",
      );
    },
  },
  {
    title: "SQ6 the adapter is usable after an error",
    run(sql) {
      throws(() => sql.exec("SELECT * FROM nowhere"), "an unknown table");
      sql.exec("CREATE TABLE t (a PRIMARY KEY)");
      sql.exec("INSERT INTO t VALUES (1)");
      throws(() => sql.exec("INSERT INTO t VALUES (1)"), "a duplicate");
      equal(count(sql), 1, "rows");
    },
  },
];
