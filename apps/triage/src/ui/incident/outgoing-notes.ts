import { readStored, writeStored } from "../lib/storage.ts";

/** A note that was sent and not acknowledged yet. */
export interface OutgoingNote {
  readonly id: string;
  readonly text: string;
  readonly at: number;
  /** The page that sent it; another one of this browser leaves it alone while that may live. */
  readonly page: string;
}

/** Longer than a page waits for an answer after it was left. */
const orphanAfterMs = 60_000;
const pageId = crypto.randomUUID();

const keyOf = (incident: string) => `outgoing.${incident}`;

export function readOutgoing(incident: string): readonly OutgoingNote[] {
  const stored = readStored(keyOf(incident));
  return Array.isArray(stored) ? stored.filter(isOutgoing) : [];
}

export function addOutgoing(incident: string, text: string): OutgoingNote {
  const note = { id: crypto.randomUUID(), text, at: Date.now(), page: pageId };
  writeStored(keyOf(incident), [...readOutgoing(incident), note]);
  return note;
}

export function removeOutgoing(incident: string, id: string): void {
  const rest = readOutgoing(incident).filter((note) => note.id !== id);
  writeStored(keyOf(incident), rest.length === 0 ? undefined : rest);
}

/** Nobody is sending it: its page refused or lost it, or is gone. Whether it arrived is then not known here. */
export function isStranded(note: OutgoingNote, isBeingSent: boolean, now: number): boolean {
  if (note.page === pageId) return !isBeingSent;
  return now - note.at > orphanAfterMs;
}

function isOutgoing(value: unknown): value is OutgoingNote {
  if (typeof value !== "object" || value === null) return false;
  const { id, text, at, page } = value as Partial<Record<keyof OutgoingNote, unknown>>;
  return (
    typeof id === "string" && typeof text === "string" && typeof at === "number" && typeof page === "string"
  );
}
