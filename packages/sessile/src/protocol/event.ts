import { eventIdOf } from "./event-id.ts";
import type { Json } from "./json.ts";

/** Who did something. The name is frozen onto the event, so that history does not change when a profile does. */
export interface Actor {
  readonly id: string;
  readonly name?: string;
}

/** An event as every API shows it. */
export interface SessionEvent<Type extends string = string, Payload = Json> {
  readonly seq: number;
  /** ULID, see `eventIdOf`. */
  readonly eventId: string;
  readonly type: Type;
  /** Null: the session itself. */
  readonly actor: Actor | null;
  readonly clientEventId: string | null;
  readonly payload: Payload;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
}

/** An event inside its commit: what its neighbours already say is left out. */
export interface PackedEvent {
  readonly type: string;
  /** Index into the commit's `actors`; absent for the session itself. */
  readonly by?: number;
  readonly clientEventId?: string;
  readonly payload?: Json;
  /** What the command answered, on the first event of a command that answered something, so that a repeat gets the same. */
  readonly result?: Json;
}

/**
 * One commit: what one row of the log holds and what one frame carries, letter for letter.
 * Its events have the seqs `firstSeq`, `firstSeq + 1`, …
 */
export interface Commit {
  readonly firstSeq: number;
  /** Milliseconds since 1970; never lower than in the commit before. */
  readonly at: number;
  readonly actors: readonly Actor[];
  readonly events: readonly PackedEvent[];
}

export function lastSeqOf(commit: Commit): number {
  return commit.firstSeq + commit.events.length - 1;
}

/** Unpacks the events of a commit whose seq is greater than `after`. */
export function eventsOf(commit: Commit, sessionKey: number, after = 0): SessionEvent[] {
  const createdAt = new Date(commit.at).toISOString();
  const events: SessionEvent[] = [];
  for (let index = Math.max(0, after + 1 - commit.firstSeq); index < commit.events.length; index++) {
    const packed = commit.events[index] as PackedEvent;
    const seq = commit.firstSeq + index;
    events.push({
      seq,
      eventId: eventIdOf(sessionKey, seq, commit.at),
      type: packed.type,
      actor: packed.by === undefined ? null : (commit.actors[packed.by] ?? null),
      clientEventId: packed.clientEventId ?? null,
      payload: packed.payload ?? null,
      createdAt,
    });
  }
  return events;
}
