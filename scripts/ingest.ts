import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import type { IngestAnswer, IngestProgress } from "../apps/triage/src/contract/api.ts";

/** Sends files of alerts to a running server: `npm run ingest -- FILE… [--url http://127.0.0.1:8787]`, `-` for stdin. */

const usage =
  "Usage: npm run ingest -- FILE… [--url http://127.0.0.1:8787]\nA FILE of - reads standard input.";

class ExpectedError extends Error {}

type Line =
  | IngestProgress
  | ({ readonly t: "done" } & IngestAnswer)
  | { readonly t: "error"; readonly error: { readonly message: string } };

async function run(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      url: { type: "string", default: "http://127.0.0.1:8787" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return true;
  }
  if (positionals.length === 0) throw new ExpectedError(`Name at least one file.\n${usage}`);
  let clean = true;
  for (const file of positionals) {
    const answer = await send(file, new URL("/api/alerts", values.url).href);
    clean &&= answer.rejectedTotal === 0;
  }
  return clean;
}

/** One file at a time, streamed, so that its size does not matter on either side. */
async function send(file: string, url: string): Promise<IngestAnswer> {
  const startedAt = performance.now();
  const response = await post(url, open(file));
  if (!response.ok || !response.body) throw new ExpectedError(`${file}: ${await problemOf(response)}`);
  for await (const line of linesOf(response.body)) {
    if (line.t === "progress") showProgress(file, line, startedAt);
    else if (line.t === "error") throw new ExpectedError(`${file}: ${line.error.message}`);
    else {
      showAnswer(file, line, startedAt);
      return line;
    }
  }
  throw new ExpectedError(
    `${file}: the server stopped before the end. Send the file again: what it has is not taken twice.`,
  );
}

function open(file: string): ReadableStream<Uint8Array> {
  if (file === "-") return Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>;
  // npm runs scripts in the project's folder and tells in INIT_CWD where the command was given.
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new ExpectedError(`There is no file ${path}.`);
  return Readable.toWeb(createReadStream(path, { highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;
}

async function post(url: string, body: ReadableStream<Uint8Array>): Promise<Response> {
  const headers = { accept: "application/x-ndjson", "content-type": "application/octet-stream" };
  try {
    return await fetch(url, { method: "POST", headers, body, duplex: "half" } as RequestInit);
  } catch (thrown) {
    const { origin } = new URL(url);
    const reason =
      thrown instanceof Error && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : "";
    throw new ExpectedError(
      `No server answers at ${origin}${reason}. Start one with "npm start", or name another with --url.`,
    );
  }
}

async function problemOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text) as { readonly detail?: string };
    return detail ?? `${response.status} ${response.statusText}`;
  } catch {
    return `${response.status} ${text.slice(0, 200)}`;
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Line;
  }
}

function showProgress(
  file: string,
  { records, duplicates, rejected }: IngestProgress,
  startedAt: number,
): void {
  if (!process.stderr.isTTY) return;
  const text = `${file}: ${count(records)} records, ${rate(records, startedAt)}, ${count(duplicates)} known, ${count(rejected)} rejected`;
  process.stderr.write(`\r${text.padEnd(78)}`);
}

function showAnswer(file: string, answer: IngestAnswer, startedAt: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${" ".repeat(78)}\r`);
  const { accepted, duplicates, rejected, rejectedTotal, incidentsTotal } = answer;
  const records = accepted + duplicates + rejectedTotal;
  process.stdout.write(
    `${file}: ${count(records)} records in ${((performance.now() - startedAt) / 1000).toFixed(1)} s (${rate(records, startedAt)})\n` +
      `  accepted ${count(accepted)}, duplicates ${count(duplicates)}, rejected ${count(rejectedTotal)}, incidents touched ${count(incidentsTotal)}\n`,
  );
  const shown = rejected.slice(0, 20);
  for (const { position, reason } of shown) process.stdout.write(`  record ${position}: ${reason}\n`);
  if (rejectedTotal > shown.length)
    process.stdout.write(`  … and ${count(rejectedTotal - shown.length)} more\n`);
}

function rate(records: number, startedAt: number): string {
  return `${count(Math.round(records / Math.max(0.001, (performance.now() - startedAt) / 1000)))}/s`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

try {
  if (!(await run(process.argv.slice(2)))) process.exitCode = 1;
} catch (thrown) {
  const usageError = thrown instanceof TypeError && "code" in thrown;
  const expected = thrown instanceof ExpectedError || usageError;
  process.stderr.write(
    `ingest: ${expected ? thrown.message : thrown instanceof Error ? thrown.stack : thrown}\n`,
  );
  process.exitCode = usageError ? 2 : 1;
}
