import { SessileError, type SessionEvent } from "../protocol/index.ts";
import type { D1Queries } from "./d1.ts";
import { queried } from "./record-error.ts";
import { splitByBytes, utf8Bytes } from "./text.ts";

/**
 * A payload up to this long lies in its event's row. Inside the JSON parameter it is a string again, and escaping at most
 * doubles it, so that one event always fits a parameter of 1 MB.
 */
export const maxInlineBytes = 480_000;
/** Bytes of one continuation row. Stored data depends on it (see `stagePayload`): never change it. */
const partBytes = 900_000;
/** Continuation rows in one query, so that no request or answer grows without bound. */
const partsPerQuery = 4;

interface Part {
  readonly part: number;
  readonly text: string;
}

/** The payload as stored, letter for letter what `JSON.stringify` says of it. */
export function payloadText(event: SessionEvent): string {
  return JSON.stringify(event.payload);
}

export function needsParts(text: string): boolean {
  return text.length > maxInlineBytes / 3 && utf8Bytes(text) > maxInlineBytes;
}

/**
 * Writes a long payload or result under its key ahead of its event, a few rows at a time. Parts of an event that is not there yet are seen by nobody,
 * so a crash leaves only what the repeat finds and uses. A part that exists is never overwritten: what lies there in the end is
 * read back and compared, so two writers cannot mix their pieces.
 *
 * @throws SessileError `conflict`
 */
export async function stagePayload(
  db: D1Queries,
  sessionId: string,
  key: string,
  seq: number,
  text: string,
): Promise<void> {
  const pieces = splitByBytes(text, partBytes);
  for (let from = 0; from < pieces.length; from += partsPerQuery) {
    const inserts = pieces.slice(from, from + partsPerQuery).map((piece, offset) =>
      db
        .prepare(
          `INSERT INTO session_event_parts (eventId, part, sessionId, text) SELECT ?1, ?2, ?3, ?4
            WHERE EXISTS (SELECT 1 FROM sessile_sessions WHERE sessionId = ?3)
              AND NOT EXISTS (SELECT 1 FROM session_event_parts WHERE eventId = ?1 AND part = ?2)`,
        )
        .bind(key, from + offset, sessionId, piece),
    );
    await queried(() => db.batch(inserts));
  }
  const stored = await readPayload(db, key);
  if (stored !== text && stored !== "") {
    throw new SessileError("conflict", `The record holds another payload for event ${seq} of ${sessionId}.`, {
      currentVersion: seq,
    });
  }
}

/** The text of a long payload, empty if there is none. */
export async function readPayload(db: D1Queries, eventId: string): Promise<string> {
  const pieces: string[] = [];
  for (;;) {
    const select = db
      .prepare(
        `SELECT part, text FROM session_event_parts WHERE eventId = ?1 AND part >= ?2 ORDER BY part LIMIT ?3`,
      )
      .bind(eventId, pieces.length, partsPerQuery);
    const { results } = await queried(() => select.all<Part>());
    for (const row of results) pieces.push(row.text);
    if (results.length < partsPerQuery) return pieces.join("");
  }
}
