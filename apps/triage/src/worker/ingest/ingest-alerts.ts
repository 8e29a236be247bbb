import type { IngestAnswer, IngestProgress } from "../../contract/api.ts";
import { type Alert, type ByteSource, readAlerts } from "../../domain/index.ts";
import { AlertWriter, type PlacedAlert, place } from "../database/alert-writer.ts";

const maxBatchRecords = 1000;
/** D1 takes values of 2 MB; a quote inside a JSON text becomes two bytes, and a character up to three. */
const maxBatchChars = 600_000;
/** So that the longest record, escaped, still is one value for D1. */
const maxRecordBytes = 768 * 1024;
/** About what an alert's columns take beside its raw text. */
const columnChars = 300;
const maxListed = 1000;

export interface IngestOptions {
  /** After each batch. */
  readonly onProgress?: (progress: IngestProgress) => void | Promise<void>;
  /** Incidents that have a session and just got alerts. */
  readonly onSessions?: (names: readonly string[]) => void;
}

/**
 * Takes in every record of a byte stream. One batch is written while nothing else is read, so a sender is never faster
 * than the database, and memory holds one batch whatever the length of the stream. What came before a stream fails is taken in.
 */
export async function ingestAlerts(
  source: ByteSource,
  db: D1Database,
  options: IngestOptions = {},
): Promise<IngestAnswer> {
  const ingest = new Ingest(db, options);
  try {
    for await (const { position, alert, rejected } of readAlerts(source, { maxRecordBytes })) {
      if (alert === undefined) {
        ingest.reject(position, rejected);
        continue;
      }
      if (!ingest.hasRoomFor(alert)) await ingest.flush();
      ingest.add(place(alert));
    }
  } finally {
    await ingest.flush();
  }
  return ingest.answer();
}

class Ingest {
  readonly #writer: AlertWriter;
  readonly #options: IngestOptions;
  readonly #batch = new Map<string, PlacedAlert>();
  readonly #incidents = new Set<string>();
  readonly #rejected: { position: number; reason: string }[] = [];
  #batchChars = 0;
  #accepted = 0;
  #duplicates = 0;
  #rejectedTotal = 0;

  constructor(db: D1Database, options: IngestOptions) {
    this.#writer = new AlertWriter(db);
    this.#options = options;
  }

  reject(position: number, reason: string): void {
    this.#rejectedTotal += 1;
    if (this.#rejected.length < maxListed) this.#rejected.push({ position, reason });
  }

  hasRoomFor(alert: Alert): boolean {
    return this.#batch.size < maxBatchRecords && this.#batchChars + alert.rawJson.length < maxBatchChars;
  }

  add(placed: PlacedAlert): void {
    const { hash, rawJson } = placed.alert;
    if (this.#batch.has(hash)) {
      this.#duplicates += 1;
      return;
    }
    this.#batch.set(hash, placed);
    this.#batchChars += rawJson.length + columnChars;
  }

  async flush(): Promise<void> {
    if (this.#batch.size > 0) {
      const batch = [...this.#batch.values()];
      this.#batch.clear();
      this.#batchChars = 0;
      const written = await this.#writer.write(batch, Date.now());
      this.#accepted += written.accepted;
      this.#duplicates += batch.length - written.accepted;
      for (const name of written.incidents) this.#incidents.add(name);
      if (written.withSession.length > 0) this.#options.onSessions?.(written.withSession);
    }
    await this.#options.onProgress?.(this.#progress());
  }

  answer(): IngestAnswer {
    return {
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      rejected: this.#rejected,
      rejectedTotal: this.#rejectedTotal,
      incidents: [...this.#incidents].slice(0, maxListed),
      incidentsTotal: this.#incidents.size,
    };
  }

  #progress(): IngestProgress {
    const rejected = this.#rejectedTotal;
    const records = this.#accepted + this.#duplicates + rejected;
    return { t: "progress", records, accepted: this.#accepted, duplicates: this.#duplicates, rejected };
  }
}
