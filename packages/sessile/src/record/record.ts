import type { ChainHead, Json, Lifecycle, RecordedEvent, SessionVisibility } from "../protocol/index.ts";
import type { GateListOptions, GatePage, WaitingGate } from "./waiting-gate.ts";

/** Facts of a session that its kind wants in lists: small, JSON, no nesting needed. */
export interface Facts {
  readonly [name: string]: Json;
}

/** What the directory knows of a session. Derived from the session's view at `lastSeq`, never the other way round. */
export interface DirectoryRow {
  readonly kind: string;
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly status: string | null;
  readonly title: string;
  readonly ownerId: string | null;
  /** Present where the session decides itself who may read it. */
  readonly visibility?: SessionVisibility;
  /** Who may read it while it is private. */
  readonly readerIds?: readonly string[];
  readonly lastSeq: number;
  /** Milliseconds since 1970, as in the view. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly facts: Facts;
  /** Gates that wait; absent: none. They are read with `listGates`. */
  readonly gates?: readonly WaitingGate[];
  /** Writer's epoch, for a session that fences writers. A lower one than stored is refused. */
  readonly epoch?: number;
}

/** A directory row as stored. */
export interface RecordedSession extends Omit<DirectoryRow, "gates"> {
  /** `{kind}/{name}` */
  readonly sessionId: string;
  /** The record holds every event up to this seq. */
  readonly recordedSeq: number;
  /** The chain's head as the session itself computed it; absent before the first range that came with one. */
  readonly head?: ChainHead;
}

/** A range of a session's log, without gaps: `events[i].seq` is `fromSeq + i`. */
export interface EventBatch {
  readonly kind: string;
  readonly name: string;
  readonly fromSeq: number;
  readonly events: readonly RecordedEvent[];
  readonly epoch?: number;
  /** Chain hash of the last event: anchored with the range, never without it. */
  readonly headHash?: string;
}

export interface ReadEventsOptions {
  /** Default 0: from the first event. */
  readonly after?: number;
  /** Events a page, default and at most `defaultLimits.maxPageEvents`. */
  readonly limit?: number;
  /** Bytes of payload after which a page ends, default `defaultLimits.maxPageBytes`. A page always has one event if there is one. */
  readonly maxBytes?: number;
}

export interface EventPage {
  readonly events: readonly RecordedEvent[];
  readonly hasMore: boolean;
}

/** What a list is sorted by; `-` is descending. `title` ignores case. */
export const listOrders = ["-updatedAt", "updatedAt", "-createdAt", "createdAt", "title", "-title"] as const;
export type ListOrder = (typeof listOrders)[number];

export interface ListOptions {
  /** Leaves out what this actor may not read; null is somebody without a name. Absent: nothing is left out. */
  readonly visibleTo?: string | null;
  readonly kind?: string;
  readonly status?: string;
  readonly lifecycle?: Lifecycle;
  /** Words, all of which must occur in title or name; case is ignored. */
  readonly q?: string;
  /** Default `-updatedAt`. */
  readonly order?: ListOrder;
  /** Default 20, at most 100. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface SessionPage {
  readonly items: readonly RecordedSession[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/**
 * The record: directory of sessions and durable copy of their logs. Every write may be repeated. A store that does not
 * answer is `unavailable`; a malformed argument is `bad_request` naming the field.
 */
export interface SessionRecord {
  /**
   * Writes a directory row unless the stored one is of a later seq. Answers how far the log is recorded, which an
   * upsert never changes.
   *
   * @throws SessileError `fenced`, `limit_exceeded`
   */
  upsertSession(row: DirectoryRow): Promise<number>;

  /**
   * Appends a range at the end of the recorded log. What is recorded already is compared. Answers the new watermark.
   *
   * @throws SessileError `not_found` without a directory row; `precondition_failed` for a gap, with the watermark as
   * `currentVersion`; `conflict` when a stored event differs, with its seq as `currentVersion`; `fenced`
   */
  appendEvents(batch: EventBatch): Promise<number>;

  /** The watermark, 0 for a session the record does not know. */
  recordedSeq(kind: string, name: string): Promise<number>;

  readEvents(kind: string, name: string, options?: ReadEventsOptions): Promise<EventPage>;

  getSession(kind: string, name: string): Promise<RecordedSession | null>;

  listSessions(options?: ListOptions): Promise<SessionPage>;

  /** Gates that wait, of all sessions: what expires first comes first. @throws SessileError `bad_request` naming the field */
  listGates(options?: GateListOptions): Promise<GatePage>;

  /**
   * Deletes a session's events and row for good. From then on a row of a session that was created before `deletedAt` is
   * `not_found`, so that no late write brings it back.
   */
  deleteSession(kind: string, name: string, deletedAt: number): Promise<void>;

  /** Lets a session of any age be recorded under the address again. */
  readmitSession(kind: string, name: string): Promise<void>;
}

export function sessionIdOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}
