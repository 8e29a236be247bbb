import { createHash } from "node:crypto";
import { type ChainHead, ExportFault, ExportReader, readExport } from "sessile/protocol";
import { openInput } from "./input-file.ts";
import { CommandFailure, type RemoteFlags, request, requestJson, sessionPath } from "./remote.ts";
import { UsageError } from "./usage-error.ts";

export interface VerifyFlags {
  readonly file: string;
  /** The head as it is known elsewhere: `HASH`, or `SEQ:HASH` for one in the middle. */
  readonly anchor?: string;
  /** Asks this server's record for the head. */
  readonly remote?: RemoteFlags;
}

interface Expected extends ChainHead {
  readonly from: string;
}

/** Node's own SHA-256: another implementation than the one that wrote the file. */
const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/**
 * Reads a whole export and says where it is wrong, if it is.
 *
 * @throws CommandFailure naming line and event
 */
export async function runVerify({ file, anchor, remote }: VerifyFlags): Promise<void> {
  const input = openInput(file);
  const reader = new ExportReader(sha256);
  const given = anchor === undefined ? null : parseAnchor(anchor);
  let expected: Expected | null = null;
  try {
    for await (const event of readExport(decoded(input), reader)) {
      if (event.seq === 1) expected = await expectedHead(given, remote, reader);
      if (expected?.seq === event.seq && expected.hash !== reader.head.hash)
        throw await forged(expected, reader, remote, file);
    }
  } catch (thrown) {
    throw asFailure(thrown, reader, file);
  }
  assertReached(expected, given, reader, file);
  const { kind, name } = reader.manifest ?? { kind: "", name: "" };
  const { seq, hash } = reader.head;
  const held = expected
    ? ` The head agrees with ${expected.from}.`
    : given
      ? " The head agrees with --anchor."
      : "";
  process.stdout.write(`${file} is whole: ${kind}/${name}, ${seq} events, head ${hash}.${held}\n`);
}

/** A server's record is asked once the file has said which session it is. */
async function expectedHead(
  given: { readonly seq: number | null; readonly hash: string } | null,
  remote: RemoteFlags | undefined,
  reader: ExportReader,
): Promise<Expected | null> {
  if (given && given.seq !== null) return { seq: given.seq, hash: given.hash, from: "--anchor" };
  if (!remote || !reader.manifest) return null;
  const { head } = await requestJson<{ head: ChainHead | null }>(
    remote,
    sessionPath(reader.manifest, "/head"),
  );
  if (!head) throw new CommandFailure("The record of that server holds no head for this session yet.");
  return { ...head, from: `the record at ${remote.url}` };
}

function assertReached(
  expected: Expected | null,
  given: { readonly seq: number | null; readonly hash: string } | null,
  reader: ExportReader,
  file: string,
): void {
  const { seq, hash } = reader.head;
  if (given && given.seq === null && given.hash !== hash)
    throw new CommandFailure(
      `${file} is another log, or a part of it: its head after event ${seq} is ${hash}, not the one given. Find the first event that differs with --url.`,
    );
  if (expected && expected.seq > seq)
    throw new CommandFailure(
      `${file} is cut off: it ends with event ${seq}; ${expected.from} stands at event ${expected.seq}.`,
    );
}

/** The chain is whole and yet another one: where the two part is found beside the server's own export. */
async function forged(
  expected: Expected,
  reader: ExportReader,
  remote: RemoteFlags | undefined,
  file: string,
): Promise<CommandFailure> {
  const found = `${file} is a forgery: its chain is whole, but at event ${expected.seq} it is not the one of ${expected.from}.`;
  if (!remote || !reader.manifest) return new CommandFailure(found);
  const response = await request(remote, sessionPath(reader.manifest, "/export"));
  const [mine, theirs] = [hashesOf(openInput(file)), hashesOf(response.body as AsyncIterable<Uint8Array>)];
  for (let seq = 1; ; seq++) {
    const [left, right] = [await mine.next(), await theirs.next()];
    if (left.done || right.done) return new CommandFailure(found);
    if (left.value !== right.value) {
      await theirs.return(undefined);
      return new CommandFailure(`${found} The first event that differs is ${seq}, on line ${seq + 1}.`);
    }
  }
}

/** The chain hashes of a file's events, in order. */
async function* hashesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const reader = new ExportReader(sha256);
  for await (const event of readExport(decoded(bytes), reader)) {
    if (event.seq > 0) yield reader.head.hash;
  }
}

function parseAnchor(text: string): { readonly seq: number | null; readonly hash: string } {
  const [, seq, hash] = /^(?:([1-9]\d{0,14}):)?([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined)
    throw new UsageError("--anchor takes the 64 digits of a head, or SEQ:HASH with a SEQ from 1.");
  return { seq: seq === undefined ? null : Number(seq), hash };
}

async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function asFailure(thrown: unknown, reader: ExportReader, file: string): unknown {
  const fault = thrown instanceof TypeError ? reader.fault("The bytes are not UTF-8.") : thrown;
  if (!(fault instanceof ExportFault)) return thrown;
  const where = fault.seq === null ? `line ${fault.line}` : `line ${fault.line} (event ${fault.seq})`;
  return new CommandFailure(`${file}, ${where}: ${fault.message}`);
}
