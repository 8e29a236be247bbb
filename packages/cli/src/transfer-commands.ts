import { createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openInput } from "./input-file.ts";
import { type RemoteFlags, request, requestJson, type SessionArgument, sessionPath } from "./remote.ts";

interface Transferred {
  readonly kind: string;
  readonly name: string;
  readonly events: number;
  readonly head: string;
}

export interface ExportFlags {
  readonly remote: RemoteFlags;
  readonly session: SessionArgument;
  /** Default: standard output. */
  readonly out?: string;
}

/** Writes a session's export. A file appears under its name only once it is whole. */
export async function runExport({ remote, session, out }: ExportFlags): Promise<void> {
  const response = await request(remote, sessionPath(session, "/export"));
  const body = Readable.fromWeb(response.body as import("node:stream/web").ReadableStream);
  if (out === undefined) return pipeline(body, process.stdout, { end: false });
  const partial = `${out}.part`;
  try {
    await pipeline(body, createWriteStream(partial));
    renameSync(partial, out);
  } finally {
    rmSync(partial, { force: true });
  }
  process.stderr.write(
    `Exported ${session.kind}/${session.name} to ${out}. Check it with: sessile verify ${out}\n`,
  );
}

export interface ImportFlags {
  readonly remote: RemoteFlags;
  /** `-` is standard input. */
  readonly file: string;
}

export async function runImport({ remote, file }: ImportFlags): Promise<void> {
  const input = file === "-" ? process.stdin : openInput(file);
  const response = await request(remote, "/v1/sessions/import", {
    method: "POST",
    body: Readable.toWeb(input) as ReadableStream,
    headers: { "content-type": "application/x-ndjson" },
    duplex: "half",
  });
  report("Imported", (await response.json()) as Transferred);
}

export interface RestoreFlags {
  readonly remote: RemoteFlags;
  readonly session: SessionArgument;
}

/** Rebuilds a session that lost its tables from the record. */
export async function runRestore({ remote, session }: RestoreFlags): Promise<void> {
  report(
    "Restored",
    await requestJson<Transferred>(remote, sessionPath(session, "/restore"), { method: "POST" }),
  );
}

export type ResetFlags = RestoreFlags;

/** The state as it began, by one more event. */
export async function runReset({ remote, session }: ResetFlags): Promise<void> {
  const { seq } = await requestJson<{ seq: number }>(remote, sessionPath(session, "/reset"), {
    method: "POST",
  });
  process.stdout.write(`Reset the state of ${session.kind}/${session.name}, at seq ${seq}\n`);
}

export interface DeleteFlags extends RestoreFlags {
  readonly free: boolean;
}

/** Deletes a session wherever it lies. Cut short, it may be repeated. */
export async function runDelete({ remote, session, free }: DeleteFlags): Promise<void> {
  const path = sessionPath(session, free ? "?free=1" : "");
  const { kind, name, deletedAt } = await requestJson<{ kind: string; name: string; deletedAt: string }>(
    remote,
    path,
    { method: "DELETE" },
  );
  process.stdout.write(`Deleted ${kind}/${name} at ${deletedAt}\n`);
}

function report(what: string, { kind, name, events, head }: Transferred): void {
  process.stdout.write(`${what} ${kind}/${name}: ${events} events, head ${head}\n`);
}
