import * as z from "zod/mini";
import { eventIdOf, sessionKeyOf } from "./event-id.ts";
import { checksumOf, type ExportManifest, type ExportTrailer, splitEventLine } from "./export-file.ts";
import { assertSessionAddress } from "./ids.ts";
import { type Json, parseJson } from "./json.ts";
import { type ChainHead, chainStart, nextHash } from "./log-chain.ts";
import { hashOfPart, partsPatchedIn, referencesIn } from "./part.ts";
import { PartLines, type PartPiece } from "./part-line.ts";
import { canonicalEvent, type RecordedEvent } from "./recorded-event.ts";
import { safeParse } from "./safe-parse.ts";
import { type Sha256, sha256Hex } from "./sha256.ts";

/** What is wrong with an export, and where. */
export class ExportFault extends Error {
  override readonly name = "ExportFault";
  /** 1 is the manifest. */
  readonly line: number;
  /** The event at fault; null when it is no event. */
  readonly seq: number | null;

  constructor(line: number, seq: number | null, message: string) {
    super(message);
    this.line = line;
    this.seq = seq;
  }
}

const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = z.number().check(z.int(), z.nonnegative());
const time = z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/));
const manifestSchema = z.strictObject({
  format: z.literal("sessile-session"),
  version: z.literal(1),
  kind: z.string(),
  name: z.string(),
  createdAt: time,
  events: count.check(z.positive()),
  parts: z.optional(count.check(z.positive())),
});
const trailerSchema = z.strictObject({
  trailer: z.strictObject({ events: count, head: hash, checksum: hash }),
});
const json = z.custom<Json>((value) => value !== undefined);
const eventSchema = z.strictObject({
  seq: count,
  eventId: z.string(),
  type: z.string().check(z.minLength(1), z.maxLength(64)),
  actor: z.nullable(z.strictObject({ id: z.string(), name: z.optional(z.string()) })),
  clientEventId: z.nullable(z.string().check(z.maxLength(128))),
  payload: json,
  result: z.optional(json),
  createdAt: time,
});

/**
 * Reads an export line by line and trusts nothing: each event must have its hash, its place, its id and its time. What it
 * has handed out is therefore good up to there, and the first thing that is not is located.
 */
export class ExportReader {
  readonly #hash: Sha256;
  readonly #onPart: (piece: PartPiece) => void;
  readonly #parts = new PartLines();
  /** Bytes of the parts that events refer to, by hash, null where they are not said; a part leaves when it has come. */
  readonly #awaited = new Map<string, number | null>();
  #line = 0;
  #key = 0;
  #manifestText = "";
  #manifest: ExportManifest | null = null;
  #head: ChainHead = { seq: 0, hash: "" };
  #at = 0;
  #trailer: ExportTrailer | null = null;

  /** `onPart` gets the bytes of parts; a part is good once its last piece has been handed out. */
  constructor(hashFunction: Sha256 = sha256Hex, onPart: (piece: PartPiece) => void = () => {}) {
    this.#hash = hashFunction;
    this.#onPart = onPart;
  }

  get manifest(): ExportManifest | null {
    return this.#manifest;
  }

  /** How far the chain was followed. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Takes the next line, without its newline. @returns the event on it, null for manifest and trailer @throws ExportFault */
  take(line: string): RecordedEvent | null {
    this.#line += 1;
    if (!this.#manifest) this.#takeManifest(line);
    else if (this.#trailer) throw this.#fault(null, "There is text after the trailer.");
    else if (this.#head.seq < this.#manifest.events) return this.#takeEvent(line);
    else if (this.#parts.whole < (this.#manifest.parts ?? 0)) this.#takePart(line);
    else this.#takeTrailer(line);
    return null;
  }

  /** After the last line. @throws ExportFault if the file stops too early */
  finish(): ExportTrailer {
    this.#line += 1;
    if (this.#trailer) return this.#trailer;
    if (!this.#manifest) throw this.#fault(null, "The file is empty.");
    const { events } = this.#manifest;
    if (this.#head.seq < events) {
      throw this.#fault(
        this.#head.seq + 1,
        `The file is cut off: it has ${this.#head.seq} of ${events} events.`,
      );
    }
    throw this.#fault(null, "The file is cut off: its trailer is missing.");
  }

  /** For whoever reads the lines: what is wrong with the line that would come next. */
  fault(message: string): ExportFault {
    return new ExportFault(this.#line + 1, this.#manifest ? this.#head.seq + 1 : null, message);
  }

  #takeManifest(line: string): void {
    const manifest = this.#parse(
      manifestSchema,
      line,
      "This is no export of a session: the manifest is damaged.",
    );
    try {
      assertSessionAddress(manifest.kind, manifest.name);
    } catch {
      throw this.#fault(null, "The manifest names no session.");
    }
    this.#manifest = manifest;
    this.#manifestText = line;
    this.#key = sessionKeyOf(manifest.kind, manifest.name);
    this.#head = chainStart(manifest.kind, manifest.name, this.#hash);
  }

  #takeEvent(line: string): RecordedEvent {
    const seq = this.#head.seq + 1;
    const parts = splitEventLine(line);
    if (!parts) throw this.#fault(seq, `Event ${seq} is missing or its line is damaged.`);
    const next = nextHash(this.#head.hash, parts.canonical, this.#hash);
    if (next !== parts.hash) throw this.#brokenChain(seq, parts.canonical);
    const event = this.#parse(eventSchema, parts.canonical, `Event ${seq} is damaged.`) as RecordedEvent;
    this.#assertInPlace(event, seq, parts.canonical);
    this.#head = { seq, hash: next };
    if (this.#manifest?.parts !== undefined) this.#awaitParts(event);
    return event;
  }

  /** The chain says that something is wrong; the event's own number says what. */
  #brokenChain(seq: number, canonical: string): ExportFault {
    const found = /^\{"seq":(\d{1,15}),/.exec(canonical)?.[1];
    if (found !== undefined && Number(found) !== seq)
      return this.#fault(
        seq,
        `Event ${seq} was expected here, not event ${found}: one is missing, or out of order.`,
      );
    return this.#fault(
      seq,
      `Event ${seq} does not match its hash: it was changed, or something before it was taken out or exchanged.`,
    );
  }

  #assertInPlace(event: RecordedEvent, seq: number, canonical: string): void {
    if (event.seq !== seq) throw this.#fault(seq, `Event ${seq} was expected here, not event ${event.seq}.`);
    const at = Date.parse(event.createdAt);
    if (!(at >= this.#at)) throw this.#fault(seq, `Event ${seq} is older than the event before it.`);
    if (event.eventId !== eventIdOf(this.#key, seq, at))
      throw this.#fault(seq, `Event ${seq} does not have the id of this place, time and session.`);
    if (seq === 1 && !this.#isCreation(event))
      throw this.#fault(1, "Event 1 does not create the session that the manifest names.");
    if (canonicalEvent(event) !== canonical)
      throw this.#fault(seq, `Event ${seq} is not in its canonical form.`);
    this.#at = at;
  }

  #isCreation({ type, payload, createdAt }: RecordedEvent): boolean {
    const created = payload as { readonly kind?: Json; readonly name?: Json } | null;
    return (
      type === "session.created" &&
      created?.kind === this.#manifest?.kind &&
      created?.name === this.#manifest?.name &&
      createdAt === this.#manifest?.createdAt
    );
  }

  #awaitParts(event: RecordedEvent): void {
    for (const reference of referencesIn(event.payload))
      this.#awaited.set(hashOfPart(reference), reference.bytes);
    for (const patched of partsPatchedIn(event))
      if (!this.#awaited.has(patched)) this.#awaited.set(patched, null);
  }

  #takePart(line: string): void {
    const piece = this.#parts.take(line);
    if (typeof piece === "string") throw this.#fault(null, piece);
    const { hash, at, of, data } = piece;
    const bytes = this.#awaited.get(hash);
    if (bytes !== of && bytes !== null)
      throw this.#fault(null, `No event refers to part ${hash}, or it came before.`);
    if (at + data.length === of) this.#awaited.delete(hash);
    this.#onPart(piece);
  }

  #takeTrailer(line: string): void {
    const { trailer } = this.#parse(
      trailerSchema,
      line,
      "The trailer is damaged, or there are more events than the manifest says.",
    );
    if (trailer.events !== this.#head.seq)
      throw this.#fault(null, `The trailer counts ${trailer.events} events; there are ${this.#head.seq}.`);
    if (trailer.head !== this.#head.hash)
      throw this.#fault(null, "The trailer has another head than the chain.");
    if (trailer.checksum !== checksumOf(this.#manifestText, this.#head.hash, this.#hash))
      throw this.#fault(null, "The checksum does not match: the manifest or the trailer was changed.");
    this.#trailer = trailer;
  }

  #parse<Schema extends z.ZodMiniType>(schema: Schema, text: string, complaint: string): z.output<Schema> {
    let value: unknown;
    try {
      value = parseJson(text, { maxChars: Number.MAX_SAFE_INTEGER, maxDepth: 128 });
    } catch {
      throw this.#fault(this.#manifest ? this.#head.seq + 1 : null, complaint);
    }
    const parsed = safeParse(schema, value);
    if (!parsed.success) throw this.#fault(this.#manifest ? this.#head.seq + 1 : null, complaint);
    return parsed.data;
  }

  #fault(seq: number | null, message: string): ExportFault {
    return new ExportFault(this.#line, seq, message);
  }
}
