import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { findHolder } from "sessile/node";
import { type Database, type Finding, inspectRecord } from "./inspect-record.ts";
import { CommandFailure, type RemoteFlags, request } from "./remote.ts";

export interface DoctorFlags {
  readonly dir: string;
  readonly version: string;
  /** Asks a running server too. */
  readonly remote?: RemoteFlags;
}

const lowDiskBytes = 1024 ** 3;

/**
 * Looks at a data folder, and at a server if one is named, without changing anything.
 *
 * @throws CommandFailure after the report if something is bad
 */
export async function runDoctor(flags: DoctorFlags): Promise<void> {
  const findings = [
    {
      level: "ok",
      what: "versions",
      detail: `sessile ${flags.version}, Node ${process.versions.node}, SQLite ${process.versions.sqlite}`,
    },
    ...inspectFolder(flags.dir),
    ...(flags.remote ? [await inspectServer(flags.remote)] : []),
  ] satisfies Finding[];
  for (const { level, what, detail } of findings)
    process.stdout.write(`${level.padEnd(4)}  ${what}: ${detail}\n`);
  const bad = findings.filter(({ level }) => level === "bad").length;
  if (bad > 0) throw new CommandFailure(`${bad} of ${findings.length} checks failed.`);
}

function inspectFolder(dir: string): Finding[] {
  if (!existsSync(dir))
    return [{ level: "bad", what: "folder", detail: `${dir} does not exist. Name another with --dir.` }];
  const databases = databasesBelow(join(dir, "data"));
  return [inspectLock(dir), ...inspectSizes(databases), inspectDisk(dir), ...inspectRecord(databases)];
}

function inspectLock(dir: string): Finding {
  const holder = findHolder(dir);
  if (holder === null) return { level: "ok", what: "lock", detail: "free: no server runs on this folder" };
  const who =
    holder.pid === undefined
      ? "a server that has not said who it is"
      : `the server with process id ${holder.pid}`;
  return { level: "ok", what: "lock", detail: `held by ${who}` };
}

function inspectSizes(databases: readonly Database[]): Finding[] {
  const total = databases.reduce((sum, { bytes }) => sum + bytes, 0);
  const largest = databases.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  // A Durable Object holds 10 GB on Cloudflare; a session that nears it needs retention before it moves there.
  const level = largest > 8 * 1024 ** 3 ? "warn" : "ok";
  return [
    {
      level,
      what: "databases",
      detail: `${databases.length}, ${sizeOf(total)} together, the largest ${sizeOf(largest)}`,
    },
  ];
}

function inspectDisk(dir: string): Finding {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  return { level: free < lowDiskBytes ? "bad" : "ok", what: "free disk", detail: sizeOf(free) };
}

async function inspectServer(remote: RemoteFlags): Promise<Finding> {
  try {
    const started = performance.now();
    // What every server has, whatever it is made with, and answers to anybody.
    await (await request(remote, "/_sessile/catalog")).arrayBuffer();
    return {
      level: "ok",
      what: "server",
      detail: `${remote.url} answers in ${Math.ceil(performance.now() - started)} ms`,
    };
  } catch (error) {
    return { level: "bad", what: "server", detail: error instanceof Error ? error.message : String(error) };
  }
}

function databasesBelow(dir: string): Database[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".sqlite"))
    .map((file) => ({ path: join(dir, file), bytes: bytesOf(join(dir, file)) }));
}

/** With its write-ahead log, which of a new session holds everything. */
function bytesOf(database: string): number {
  const log = `${database}-wal`;
  return statSync(database).size + (statSync(log, { throwIfNoEntry: false })?.size ?? 0);
}

function sizeOf(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let size = bytes;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
