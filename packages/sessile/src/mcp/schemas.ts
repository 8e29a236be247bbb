import * as z from "zod";
import type { SessionEvent } from "../protocol/index.ts";

const maxPageItems = 100;
const defaultPageItems = 20;

/** The argument by which tools name a kind. A deployment that offers one kind has none. */
export function kindShape(kinds: readonly string[]) {
  const shape = { kind: z.enum(kinds).optional().describe(`Which kind of session. Default: ${kinds[0]}.`) };
  return kinds.length > 1 ? shape : ({} as typeof shape);
}

/** How tools name a session. */
export function addressShape(kinds: readonly string[]) {
  const sessionId = z.string().min(1).max(128).describe("The session, as start or list gave it.");
  return { ...kindShape(kinds), sessionId };
}

export const clientEventId = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .describe(
    "Any unique id of yours. The same id again answers what the first call answered and does nothing twice.",
  );

export const pageShape = {
  limit: z.int().min(1).max(maxPageItems).default(defaultPageItems),
  cursor: z.string().max(1024).optional().describe("nextCursor of the page before."),
};

export const pageEnd = { nextCursor: z.string().nullable(), hasMore: z.boolean() };

export const shownEvent = z.object({
  eventId: z.string(),
  seq: z.int(),
  type: z.string(),
  createdAt: z.string(),
  role: z.string().describe("Who speaks: user, assistant, system, or what the event says itself."),
  content: z.string().nullable().describe("The event's text, or its payload as JSON."),
});

/** An event as a transcript shows it. */
export function showEvent(event: SessionEvent): z.output<typeof shownEvent> {
  const { eventId, seq, type, createdAt, actor, payload } = event;
  const fields = payload !== null && typeof payload === "object" ? (payload as Record<string, unknown>) : {};
  const text = [payload, fields.text, fields.content].find((candidate) => typeof candidate === "string");
  return {
    eventId,
    seq,
    type,
    createdAt,
    role: typeof fields.role === "string" ? fields.role : actor ? "user" : "system",
    content: typeof text === "string" ? text : payload === null ? null : JSON.stringify(payload),
  };
}

/** A seq as an opaque cursor. */
export function cursorAfter(seq: number): string {
  return btoa(`after ${seq}`).replaceAll("=", "");
}

/** @returns null for what is no cursor of these */
export function seqOfCursor(cursor: string): number | null {
  try {
    const seq = /^after (\d{1,15})$/.exec(atob(cursor))?.[1];
    return seq === undefined ? null : Number(seq);
  } catch {
    return null;
  }
}
