import { SessileError } from "../protocol/error.ts";
import { maxSqlChars, maxSqlRows, maxSqlValueChars, type SqlAnswer } from "../protocol/inspection.ts";
import type { Json } from "../protocol/json.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";

/**
 * Answers one statement that reads. It is made part of a query of ours, where SQLite's grammar allows nothing that writes, and
 * runs in a transaction that is always rolled back.
 *
 * @throws SessileError `bad_request` for anything else and for what SQLite refuses, `forbidden` for drafts
 */
export function readOnly(sql: Sql, statement: string): SqlAnswer {
  const { text, isExplain } = parseRead(statement);
  const select = (what: string, limit: number) => `SELECT ${what} FROM (${text}\n) LIMIT ${limit}`;
  const rows = rolledBack(sql, () => {
    if (isExplain) return sql.exec(text);
    const [first] = sql.exec(select("*", 1));
    // Values are cut by SQLite: a hundred rows of the log may be more than an object's memory.
    return first ? sql.exec(select(Object.keys(first).map(cutColumn).join(", "), maxSqlRows + 1)) : [];
  });
  return answerOf(rows);
}

/** A text, a quoted name, or a comment. */
const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\//g;
const isComment = (piece: string) => piece.startsWith("--") || piece.startsWith("/*");

function parseRead(statement: string): { readonly text: string; readonly isExplain: boolean } {
  if (statement.length > maxSqlChars) throw refused(`A statement has at most ${maxSqlChars} characters.`);
  const text = statement
    .replace(quoted, (piece) => (isComment(piece) ? " " : piece))
    .replace(/[\s;]+$/, "")
    .trimStart();
  const bare = text.replace(quoted, "x");
  if (/['"`[\0]|\/\*/.test(bare)) throw refused("A quote or a comment does not end.");
  if (bare.includes(";")) throw refused("One statement at a time.");
  const [keyword = ""] = /^\w+/.exec(bare) ?? [];
  if (!/^(?:SELECT|WITH|VALUES|EXPLAIN)$/i.test(keyword))
    throw refused("Only SELECT, WITH, VALUES and EXPLAIN: nothing is written here.");
  if (!isBalanced(bare)) throw refused("The parentheses do not match.");
  // A name cannot be put together in SQL, so it stands in the text of whatever reads the table. A long draft goes on in the other one.
  if (/_sessile_(?:draft|continuation)/i.test(text))
    throw new SessileError(
      "forbidden",
      "A draft, which may go on in the table of long rows, is its author's alone until it is sent.",
      { field: "sql" },
    );
  return { text, isExplain: /^explain$/i.test(keyword) };
}

/** Else a statement could end our query and go on by itself. */
function isBalanced(bare: string): boolean {
  let depth = 0;
  for (const letter of bare) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** @throws SessileError `bad_request` with SQLite's own words */
function rolledBack(sql: Sql, body: () => readonly SqlRow[]): readonly SqlRow[] {
  let rows: readonly SqlRow[] = [];
  const done = new Error("rolled back");
  try {
    sql.transaction(() => {
      rows = body();
      throw done;
    });
  } catch (thrown) {
    if (thrown instanceof SessileError) throw thrown;
    if (thrown !== done) throw refused(`SQLite refuses this: ${(thrown as Error).message}`);
  }
  return rows;
}

const maxBlobBytes = 16;

/** One more than is shown tells that there is more. */
function cutColumn(name: string): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  const cut = (length: number) => `substr(${column}, 1, ${length + 1})`;
  return `CASE typeof(${column}) WHEN 'text' THEN ${cut(maxSqlValueChars)} WHEN 'blob' THEN ${cut(maxBlobBytes)} ELSE ${column} END AS ${column}`;
}

function answerOf(rows: readonly SqlRow[]): SqlAnswer {
  let isCut = rows.length > maxSqlRows;
  const shown = (value: SqlValue): Json => {
    if (typeof value === "string") {
      if (value.length <= maxSqlValueChars) return value;
      isCut = true;
      return `${value.slice(0, maxSqlValueChars)}…`;
    }
    if (!(value instanceof ArrayBuffer)) return value;
    const bytes = [...new Uint8Array(value)];
    const hex = bytes.slice(0, maxBlobBytes).map((byte) => byte.toString(16).padStart(2, "0"));
    isCut ||= bytes.length > maxBlobBytes;
    return { hex: `${hex.join("")}${bytes.length > maxBlobBytes ? "…" : ""}` };
  };
  const columns = Object.keys(rows[0] ?? {});
  const shownRows = rows
    .slice(0, maxSqlRows)
    .map((row) => columns.map((column) => shown(row[column] ?? null)));
  return { columns, rows: shownRows, isCut };
}

function refused(message: string): SessileError {
  return new SessileError("bad_request", message, { field: "sql" });
}
