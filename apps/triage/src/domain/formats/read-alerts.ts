import type { Alert } from "../model/alert.ts";
import { sha256Hex } from "../text/digest.ts";
import { canonicalJson } from "./canonical-json.ts";
import { exactValue, parseExactly } from "./exact-json.ts";
import { normaliseRecord } from "./normalise-record.ts";
import type { SplitOptions, SplitRecord } from "./record-splitter.ts";
import { type ByteSource, splitRecords } from "./split-records.ts";

export type ReadResult =
  | { readonly position: number; readonly alert: Alert; readonly rejected?: never }
  | { readonly position: number; readonly rejected: string; readonly alert?: never };

/** Hex SHA-256 of a record's canonical JSON. `value` as `parseExactly` reads it. */
export function recordHash(value: unknown): Promise<string> {
  return sha256Hex(canonicalJson(value));
}

/** The alert a stored record stands for: the same one that ingest made, or undefined if it is none. `hash` as stored. */
export function restoreAlert(raw: string, hash: string): Alert | undefined {
  return normaliseRecord(parseExactly(raw), hash, raw).alert;
}

const groupRecords = 128;
const groupChars = 1_048_576;

/**
 * Every record of a byte stream as an alert or a rejection, in order; of a stream that fails, those that came whole, then its
 * failure. Memory: about one megabyte of records plus one chunk.
 */
export async function* readAlerts(
  source: ByteSource,
  options: SplitOptions = {},
): AsyncGenerator<ReadResult, void, undefined> {
  // Hashing is asynchronous in every platform's Web Crypto; in groups its cost is paid once, not once a record.
  let group: SplitRecord[] = [];
  let chars = 0;
  try {
    for await (const record of splitRecords(source, options)) {
      group.push(record);
      chars += record.raw.length;
      if (group.length < groupRecords && chars < groupChars) continue;
      yield* await Promise.all(group.map(read));
      group = [];
      chars = 0;
    }
  } catch (thrown) {
    yield* await Promise.all(group.map(read));
    throw thrown;
  }
  yield* await Promise.all(group.map(read));
}

async function read(record: SplitRecord): Promise<ReadResult> {
  const { position, raw } = record;
  if (record.error !== undefined) return { position, rejected: record.error };
  const value = exactValue(raw, record.value);
  const normalised = normaliseRecord(value, "", raw);
  if (normalised.alert === undefined) return { position, rejected: normalised.rejected };
  return { position, alert: { ...normalised.alert, hash: await recordHash(value) } };
}
