import type { Actor } from "./event.ts";
import type { Json } from "./json.ts";
import type { SyncStatus } from "./sync-status.ts";

/** What the inspector is told beside what every reader may see. Times in milliseconds since 1970; lists end at `maxInspected`. */
export interface Inspection {
  /** How many there are, and the first of them. */
  readonly sockets: { readonly count: number; readonly items: readonly InspectedSocket[] };
  /** Sockets that read one stream's chunks. */
  readonly streamReaders: number;
  /** What the alarm will do, earliest first. */
  readonly due: readonly InspectedDue[];
  /** Work that runs. */
  readonly work: readonly InspectedWork[];
  /** Only if asked for: each row that is counted is billed as read. */
  readonly tables?: readonly InspectedTable[];
  /** Null outside a Durable Object. */
  readonly databaseBytes: number | null;
  readonly sync: SyncStatus;
}

export interface InspectedSocket {
  readonly peerId: string;
  readonly actor: Actor | null;
  readonly protocol: "sessile.v1" | "agents";
  /** `greeting`, `catchingUp`, `live` or `sending`. */
  readonly phase: string;
  /** Null: not known of this protocol. */
  readonly since: number | null;
  /** Sent, and not read yet. */
  readonly bufferedBytes: number;
}

export interface InspectedDue {
  readonly timerId: string;
  /** Empty for the library's own. */
  readonly name: string;
  readonly dueAt: number;
  /** Failed runs so far. */
  readonly attempts: number;
}

export interface InspectedWork {
  readonly workId: string;
  readonly name: string;
  /** Finished steps in its journal. */
  readonly steps: number;
}

export interface InspectedTable {
  readonly name: string;
  /** Counted up to `maxCountedRows`. */
  readonly rows: number;
}

/** What a statement answered. */
export interface SqlAnswer {
  readonly columns: readonly string[];
  /** Values in the order of `columns`; bytes as `{ hex }`. */
  readonly rows: readonly (readonly Json[])[];
  /** There are more rows, or longer values, than are shown. */
  readonly isCut: boolean;
}

export const maxInspected = 200;
export const maxCountedRows = 10_000;
export const maxSqlRows = 200;
export const maxSqlValueChars = 2000;
export const maxSqlChars = 20_000;
