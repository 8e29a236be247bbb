import { SessileError } from "../protocol/error.ts";
import type { PackedEvent } from "../protocol/event.ts";
import type { Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import {
  assertMediaType,
  assertPartHash,
  hashOfPart,
  mentionsPart,
  type PartInfo,
  type PartPlace,
  type PartReference,
  partChunkBytes,
  partReference,
  partsIn,
  referencesIn,
} from "../protocol/part.ts";
import { BytesHash } from "../protocol/sha256.ts";
import type { DueTable } from "./due-table.ts";
import { numberAt, numberOrNullAt, type Sql, type SqlRow, textAt } from "./sql.ts";

export const partsDueId = "parts:run";
/** How long a part waits for an event that refers to it. */
export const partGraceMs = 3_600_000;

/** They may name parts and refer to none: chunks are too many to be looked through, and a child's parts are the child's. */
const withoutParts: ReadonlySet<string> = new Set(["stream.segment", "session.child_reported"]);

/** Whether the parts that an event names are to stay for it. */
export function refersToParts({ type, payload }: Pick<PackedEvent, "type" | "payload">): boolean {
  return !withoutParts.has(type) && mentionsPart(payload);
}

/** What is large: kept beside the log under the hash of what is in it, split over rows or moved to a bucket. */
export class Parts {
  readonly #sql: Sql;
  readonly #due: DueTable;
  readonly #limits: Limits;
  #referred = false;

  constructor(sql: Sql, due: DueTable, limits: Limits) {
    this.#sql = sql;
    this.#due = due;
    this.#limits = limits;
  }

  /**
   * Takes a piece of an upload. The same one again changes nothing.
   *
   * @param importing the log that refers to it is on its way in too, so that as much may wait as that log had
   * @throws SessileError `bad_request`, `limit_exceeded`, `overloaded`
   */
  stage(uploadId: string, chunk: number, data: ArrayBuffer, now: number, importing = false): void {
    const { maxPartBytes, maxWaitingPartBytes } = this.#limits;
    if (data.byteLength === 0 || data.byteLength > partChunkBytes)
      throw new SessileError("bad_request", "A piece of a part has the wrong length.", { field: "data" });
    if (chunk * partChunkBytes + data.byteLength > maxPartBytes) throw tooLarge(maxPartBytes);
    this.#sql.transaction(() => {
      const partId = this.#uploadOf(uploadId, chunk === 0, now);
      if (!importing && this.#waitingBytes() + data.byteLength > maxWaitingPartBytes)
        throw new SessileError(
          "overloaded",
          "Too many parts of this session wait for an event that refers to them. They go after an hour.",
          { limit: "maxWaitingPartBytes", retryAfterMs: 60_000 },
        );
      this.#sql.exec("INSERT OR REPLACE INTO _sessile_part_chunk VALUES (?, ?, ?)", partId, chunk, data);
      this.#sql.exec(
        "UPDATE _sessile_part SET bytes = (SELECT sum(length(body)) FROM _sessile_part_chunk WHERE part_id = ?1) WHERE part_id = ?1",
        partId,
      );
    });
    if (this.#due.dueAt(partsDueId) === null) this.#due.put(partsDueId, now + partGraceMs);
  }

  /**
   * Ends an upload; whoever calls has hashed what it sent.
   *
   * @returns whether the part was not there before
   * @throws SessileError `bad_request` if pieces are missing
   */
  finish(uploadId: string, hash: string, bytes: number, mediaType: string, now: number): boolean {
    assertPartHash(hash);
    assertMediaType(mediaType);
    return this.#sql.transaction(() => {
      const upload = this.#sql.exec(
        "SELECT part_id, bytes, (SELECT count(*) FROM _sessile_part_chunk AS piece WHERE piece.part_id = part.part_id) AS chunks FROM _sessile_part AS part WHERE upload_id = ?",
        uploadId,
      )[0];
      // The answer to this very call was lost, and it comes again.
      if (!upload && this.find(hash)) return false;
      const isWhole =
        upload &&
        numberAt(upload, "bytes") === bytes &&
        numberAt(upload, "chunks") === Math.ceil(bytes / partChunkBytes);
      if (!isWhole) throw new SessileError("bad_request", "This upload is not whole. Send it again.");
      const partId = numberAt(upload, "part_id");
      const known = this.#row(hash);
      if (known && known.place !== "lost") {
        this.#drop(partId);
        this.#sql.exec("UPDATE _sessile_part SET stored_at = ? WHERE hash = ?", now, hash);
        return false;
      }
      if (known) this.#sql.exec("DELETE FROM _sessile_part WHERE hash = ?", hash);
      this.#sql.exec(
        "UPDATE _sessile_part SET upload_id = NULL, hash = ?, media_type = ?, stored_at = ?, seq = ? WHERE part_id = ?",
        hash,
        known?.mediaType ?? mediaType,
        now,
        known?.seq ?? null,
        partId,
      );
      return known === null;
    });
  }

  /** Keeps bytes at once, inside the commit that is open. @throws SessileError `limit_exceeded`, `bad_request` */
  keep(data: Uint8Array, description: { mediaType: string; name?: string }, now: number): PartReference {
    const { maxPartBytes } = this.#limits;
    if (data.length > maxPartBytes) throw tooLarge(maxPartBytes);
    if (data.length === 0)
      throw new SessileError("bad_request", "A part holds at least one byte.", { field: "data" });
    const digest = new BytesHash();
    digest.update(data);
    const hash = digest.hex();
    for (let chunk = 0; chunk * partChunkBytes < data.length; chunk++) {
      const piece = data.slice(chunk * partChunkBytes, (chunk + 1) * partChunkBytes);
      this.stage(`keep:${hash}`, chunk, piece.buffer as ArrayBuffer, now);
    }
    this.finish(`keep:${hash}`, hash, data.length, description.mediaType, now);
    return partReference(hash, { ...description, bytes: data.length });
  }

  /** Null if there is no such part, or none whose bytes could be had. */
  find(hash: string): PartInfo | null {
    const part = this.#row(hash);
    return part && part.place !== "lost" ? part : null;
  }

  /** Also one that is lost. */
  known(hash: string): PartInfo | null {
    return this.#row(hash);
  }

  /** Those that events up to `lastSeq` refer to, in order of the first of them. */
  listReferred(lastSeq: number): readonly PartInfo[] {
    return this.#sql
      .exec("SELECT * FROM _sessile_part WHERE seq <= ? ORDER BY seq, hash", lastSeq)
      .map(partOf);
  }

  /** A piece of a part that lies in the session's own tables. */
  chunk(hash: string, chunk: number): ArrayBuffer | null {
    const row = this.#sql.exec(
      "SELECT body FROM _sessile_part_chunk WHERE part_id = (SELECT part_id FROM _sessile_part WHERE hash = ?) AND chunk = ?",
      hash,
      chunk,
    )[0];
    return row ? (row.body as ArrayBuffer) : null;
  }

  /**
   * An event of this seq says `value`: the parts it refers to stay from now on. One that is not there, which the session's own code
   * may well name, is known to be lost. The caller holds the transaction.
   */
  refer(value: Json | undefined, seq: number): void {
    for (const reference of referencesIn(value)) {
      const { mediaType, bytes } = reference;
      this.#sql.exec(
        "INSERT INTO _sessile_part (hash, media_type, bytes, place, stored_at, seq) VALUES (?, ?, ?, 'lost', 0, ?) ON CONFLICT (hash) DO UPDATE SET seq = coalesce(seq, excluded.seq), media_type = iif(seq IS NULL, excluded.media_type, media_type)",
        hashOfPart(reference),
        mediaType,
        bytes,
        seq,
      );
      this.#referred = true;
    }
  }

  /** The event of this seq, of the commit that is open, is taken back: what it alone referred to waits again. */
  takeBack(seq: number): void {
    if (this.#referred) this.#sql.exec("UPDATE _sessile_part SET seq = NULL WHERE seq = ?", seq);
  }

  /**
   * What somebody wants to write must refer to nothing that is not there.
   *
   * @returns whether it refers to anything
   * @throws SessileError `bad_request` naming the field
   */
  assertThere(value: Json | undefined, field: string): boolean {
    if (!mentionsPart(value)) return false;
    for (const { reference, field: at } of partsIn(value, field)) {
      const part = this.find(hashOfPart(reference));
      if (part?.bytes === reference.bytes) continue;
      throw new SessileError(
        "bad_request",
        part
          ? `The part that ${at} refers to has ${part.bytes} bytes, not ${reference.bytes}.`
          : `The part that ${at} refers to is not there. Send it first.`,
        { field: at },
      );
    }
    return true;
  }

  /** The log is read anew: what it refers to is noted again, and what is not there is known to be lost. */
  forgetReferences(): void {
    this.#sql.exec("UPDATE _sessile_part SET seq = NULL");
    this.#sql.exec("DELETE FROM _sessile_part WHERE place = 'lost'");
  }

  /** The bytes lie in a bucket now, or were found there. */
  moved(hash: string): void {
    this.#sql.transaction(() => {
      this.#sql.exec(
        "DELETE FROM _sessile_part_chunk WHERE part_id = (SELECT part_id FROM _sessile_part WHERE hash = ?)",
        hash,
      );
      this.#sql.exec("UPDATE _sessile_part SET place = 'bucket' WHERE hash = ?", hash);
    });
  }

  /** A part that events refer to and that lies in the session's own tables. */
  nextToMove(): PartInfo | null {
    const row = this.#sql.exec(
      "SELECT * FROM _sessile_part WHERE seq IS NOT NULL AND place = 'sql' LIMIT 1",
    )[0];
    return row ? partOf(row) : null;
  }

  /** Lets go what no event, and not the draft, has come to refer to. @returns when to look again, null for never */
  sweep(draft: Json | undefined, now: number): number | null {
    const kept = referencesIn(draft).map(hashOfPart);
    return this.#sql.transaction(() => {
      const waiting = this.#sql.exec("SELECT part_id, hash, stored_at FROM _sessile_part WHERE seq IS NULL");
      let next: number | null = null;
      for (const row of waiting) {
        const isKept = kept.includes(row.hash as string);
        const until = numberAt(row, "stored_at") + partGraceMs;
        if (until <= now && !isKept) this.#drop(numberAt(row, "part_id"));
        else next = Math.min(next ?? Number.POSITIVE_INFINITY, isKept ? now + partGraceMs : until);
      }
      return next;
    });
  }

  /** True once after events have come to refer to parts. */
  takeReferred(): boolean {
    const referred = this.#referred;
    this.#referred = false;
    return referred;
  }

  #waitingBytes(): number {
    const [row = {}] = this.#sql.exec(
      "SELECT coalesce(sum(bytes), 0) AS bytes FROM _sessile_part WHERE seq IS NULL",
    );
    return numberAt(row, "bytes");
  }

  #uploadOf(uploadId: string, begins: boolean, now: number): number {
    const row = this.#sql.exec("SELECT part_id FROM _sessile_part WHERE upload_id = ?", uploadId)[0];
    if (row && begins)
      // From its beginning again: what an attempt before this one left must not count.
      this.#sql.exec("DELETE FROM _sessile_part_chunk WHERE part_id = ?", numberAt(row, "part_id"));
    if (row) return numberAt(row, "part_id");
    if (!begins)
      throw new SessileError("bad_request", "This upload is not known. Send it again from its beginning.");
    this.#sql.exec(
      "INSERT INTO _sessile_part (upload_id, media_type, bytes, place, stored_at) VALUES (?, '', 0, 'sql', ?)",
      uploadId,
      now,
    );
    return this.#uploadOf(uploadId, false, now);
  }

  #drop(partId: number): void {
    this.#sql.exec("DELETE FROM _sessile_part_chunk WHERE part_id = ?", partId);
    this.#sql.exec("DELETE FROM _sessile_part WHERE part_id = ?", partId);
  }

  #row(hash: string): PartInfo | null {
    const row = this.#sql.exec("SELECT * FROM _sessile_part WHERE hash = ?", hash)[0];
    return row ? partOf(row) : null;
  }
}

function partOf(row: SqlRow): PartInfo {
  return {
    hash: textAt(row, "hash"),
    mediaType: textAt(row, "media_type"),
    bytes: numberAt(row, "bytes"),
    seq: numberOrNullAt(row, "seq"),
    place: textAt(row, "place") as PartPlace,
  };
}

function tooLarge(maxPartBytes: number): SessileError {
  return new SessileError("limit_exceeded", `A part is at most ${maxPartBytes} bytes.`, {
    field: "body",
    limit: "maxPartBytes",
  });
}
