import { type Actor, type Commit, eventsOf, type PackedEvent, type SessionEvent } from "./event.ts";
import type { Json } from "./json.ts";

/** An event with everything that is kept of it: what exports, the chain and the record hold. */
export interface RecordedEvent extends SessionEvent {
  /** What the command answered, on the first event of a command that answered something. */
  readonly result?: Json;
}

/** Unpacks the events of a commit whose seq is greater than `after`, with all that is kept of them. */
export function recordedEventsOf(commit: Commit, sessionKey: number, after = 0): RecordedEvent[] {
  return eventsOf(commit, sessionKey, after).map((event) => {
    const { result } = commit.events[event.seq - commit.firstSeq] as PackedEvent;
    return { ...event, actor: storableActor(event.actor), ...(result === undefined ? {} : { result }) };
  });
}

/**
 * The text that is hashed, exported and compared, the same wherever the event was read from: keys in this order, values
 * as `JSON.stringify` writes them.
 */
export function canonicalEvent(event: RecordedEvent): string {
  const { seq, eventId, type, actor, clientEventId, payload, result, createdAt } = event;
  return JSON.stringify({
    seq,
    eventId,
    type,
    actor: actor && { id: actor.id, ...(actor.name === undefined ? {} : { name: actor.name }) },
    clientEventId,
    payload,
    ...(result === undefined ? {} : { result }),
    createdAt,
  });
}

/**
 * A text as every database can give it back: NUL ends a text in SQLite and half a surrogate pair has no UTF-8. Both become
 * U+FFFD; otherwise an event would differ from its own copy. Payloads never need it, because JSON escapes both.
 */
export function storableText(text: string): string {
  return text.replace(unstorable, "\ufffd");
}

const unstorable = /\0|\p{Surrogate}/gu;

function storableActor(actor: Actor | null): Actor | null {
  if (actor === null) return null;
  return {
    id: storableText(actor.id),
    ...(actor.name === undefined ? {} : { name: storableText(actor.name) }),
  };
}

/** Bounds of one commit that is packed from single events. */
const maxPackedEvents = 512;
const maxPackedChars = 256 * 1024;

/**
 * The way back: events of the same moment become commits again. Where one commit ended and the next began is not kept
 * outside the session and nothing depends on it.
 */
export function packCommits(events: readonly RecordedEvent[]): Commit[] {
  const commits: Commit[] = [];
  let open: { at: number; actors: Actor[]; events: PackedEvent[]; firstSeq: number; chars: number } | null =
    null;
  for (const event of events) {
    const at = Date.parse(event.createdAt);
    const chars = JSON.stringify(event.payload).length;
    if (
      !open ||
      open.at !== at ||
      open.events.length >= maxPackedEvents ||
      open.chars + chars > maxPackedChars
    ) {
      open = { at, actors: [], events: [], firstSeq: event.seq, chars: 0 };
      commits.push(open);
    }
    open.chars += chars;
    open.events.push(packEvent(event, open.actors));
  }
  return commits.map(({ firstSeq, at, actors, events: packed }) => ({
    firstSeq,
    at,
    actors,
    events: packed,
  }));
}

function packEvent(event: RecordedEvent, actors: Actor[]): PackedEvent {
  const { type, actor, clientEventId, payload, result } = event;
  let by = -1;
  if (actor) {
    by = actors.findIndex(({ id, name }) => id === actor.id && name === actor.name);
    if (by < 0) by = actors.push(actor) - 1;
  }
  return {
    type,
    ...(by < 0 ? {} : { by }),
    ...(clientEventId === null ? {} : { clientEventId }),
    payload,
    ...(result === undefined ? {} : { result }),
  };
}
