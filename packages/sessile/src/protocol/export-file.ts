import { type ChainHead, chainStart, nextHash } from "./log-chain.ts";
import { type PartPiece, partLine } from "./part-line.ts";
import { canonicalEvent, type RecordedEvent } from "./recorded-event.ts";
import { type Sha256, sha256Hex } from "./sha256.ts";

/**
 * The export of a session: NDJSON, every line ended by a newline. First the manifest, then one line per event with its chain
 * hash, then the parts that events refer to, in pieces, then the trailer. The same log gives the same bytes, whichever server writes it.
 */
export interface ExportManifest {
  readonly format: "sessile-session";
  readonly version: 1;
  readonly kind: string;
  readonly name: string;
  /** RFC 3339: the time of event 1. */
  readonly createdAt: string;
  readonly events: number;
  /** Parts in the file; absent if there is none. */
  readonly parts?: number | undefined;
}

export interface ExportTrailer {
  readonly events: number;
  /** Chain hash of the last event. */
  readonly head: string;
  /** SHA-256 over the manifest's line and the head: together with the chain it covers every byte above. */
  readonly checksum: string;
}

/** What stands before the event on its line; its hash has a fixed length, so the event's own text can be cut out and hashed as it is. */
const eventLead = '{"hash":"';
const eventMiddle = '","event":';
const hashLength = 64;
const eventAt = eventLead.length + hashLength + eventMiddle.length;

function manifestLine(manifest: Omit<ExportManifest, "format" | "version">): string {
  const { kind, name, createdAt, events, parts = 0 } = manifest;
  const counted = parts > 0 ? { parts } : {};
  return JSON.stringify({ format: "sessile-session", version: 1, kind, name, createdAt, events, ...counted });
}

/** Writes the lines of one export in order. */
export class ExportWriter {
  readonly #manifest: string;
  readonly #hash: Sha256;
  #head: ChainHead;

  constructor(manifest: Omit<ExportManifest, "format" | "version">, hash: Sha256 = sha256Hex) {
    this.#manifest = manifestLine(manifest);
    this.#hash = hash;
    this.#head = chainStart(manifest.kind, manifest.name, hash);
  }

  get head(): ChainHead {
    return this.#head;
  }

  begin(): string {
    return `${this.#manifest}\n`;
  }

  /** @throws RangeError for an event that does not come next */
  event(event: RecordedEvent): string {
    if (event.seq !== this.#head.seq + 1)
      throw new RangeError(`Event ${event.seq} does not follow event ${this.#head.seq}.`);
    const canonical = canonicalEvent(event);
    this.#head = { seq: event.seq, hash: nextHash(this.#head.hash, canonical, this.#hash) };
    return `${eventLead}${this.#head.hash}${eventMiddle}${canonical}}\n`;
  }

  /** After the last event. */
  part(piece: PartPiece): string {
    return `${partLine(piece)}\n`;
  }

  end(): string {
    const trailer: ExportTrailer = {
      events: this.#head.seq,
      head: this.#head.hash,
      checksum: checksumOf(this.#manifest, this.#head.hash, this.#hash),
    };
    return `${JSON.stringify({ trailer })}\n`;
  }
}

export function checksumOf(manifest: string, head: string, hash: Sha256): string {
  return hash(`${manifest}\n${head}`);
}

/** The parts of an event's line, or null if it is no such line. */
export function splitEventLine(line: string): { readonly hash: string; readonly canonical: string } | null {
  const isEvent =
    line.startsWith(eventLead) &&
    line.startsWith(eventMiddle, eventAt - eventMiddle.length) &&
    line.endsWith("}");
  if (!isEvent) return null;
  return {
    hash: line.slice(eventLead.length, eventLead.length + hashLength),
    canonical: line.slice(eventAt, -1),
  };
}
