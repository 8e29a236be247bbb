import type { StoredCommit } from "../../kernel/index.ts";
import { type Commit, eventsOf, type SessionEvent } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { SummaryEntry } from "../../protocol/summary.ts";

/** Events of the library that tell nothing a reader would miss, and are no reason for a summary of their own. */
const bookkeeping: ReadonlySet<string> = new Set([
  "snapshot.sealed",
  "summary.requested",
  "summary.created",
  "usage.recorded",
  "timer.set",
  "timer.cancelled",
  "timer.fired",
  "step.completed",
  // What a stream came to is told by whoever opened it.
  "stream.opened",
  "stream.segment",
  "stream.ended",
  "voice.started",
  "voice.degraded",
]);

const maxEntryChars = 2000;
/** What a line of a transcript costs beside its text. */
const overheadChars = 40;

export interface Transcript {
  readonly entries: readonly SummaryEntry[];
  /** Events of the range that tell something and did not fit. */
  readonly omittedEvents: number;
}

/** The events of these commits from `after` to `toSeq` as lines: the newest of them, as many as `maxChars` holds. */
export function transcriptOf(
  commits: readonly StoredCommit[],
  range: { readonly after: number; readonly toSeq: number },
  maxChars: number,
  /** Type of events that later ones take the place of. */
  superseded?: string,
): Transcript {
  const told = commits
    .flatMap(({ body }) => eventsOf(JSON.parse(body) as Commit, 0, range.after))
    .filter(({ seq, type }) => seq <= range.toSeq && !bookkeeping.has(type) && type !== superseded);
  const entries: SummaryEntry[] = [];
  let chars = 0;
  for (let index = told.length - 1; index >= 0; index--) {
    const entry = entryOf(told[index] as SessionEvent);
    chars += entry.text.length + overheadChars;
    if (chars > maxChars) break;
    entries.push(entry);
  }
  return { entries: entries.reverse(), omittedEvents: told.length - entries.length };
}

function entryOf({ seq, type, actor, payload }: SessionEvent): SummaryEntry {
  return { seq, type, by: actor && (actor.name ?? actor.id), ...textOf(payload) };
}

/** What people wrote as it is, anything else as JSON; of something long its beginning and its end. */
function textOf(payload: Json): Pick<SummaryEntry, "text" | "isProse"> {
  const written = writtenText(payload);
  const isProse = written !== null;
  const text = (written ?? (payload === null ? "" : JSON.stringify(payload))).trim();
  if (text.length <= maxEntryChars) return { text, isProse };
  const half = maxEntryChars / 2 - 2;
  return { text: `${text.slice(0, half)}\n…\n${text.slice(-half)}`, isProse };
}

function writtenText(payload: Json): string | null {
  if (typeof payload === "string") return payload;
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return null;
  for (const key of ["text", "content", "message"]) {
    const value = (payload as { readonly [key: string]: Json })[key];
    if (typeof value === "string") return value;
  }
  return textOfParts((payload as { readonly [key: string]: Json }).message);
}

/** The text of a message, as the AI SDK has them for pages (`parts`) and for models (`content`). */
function textOfParts(message: Json | undefined): string | null {
  const { content, parts = content } = (message ?? {}) as { readonly parts?: Json; readonly content?: Json };
  if (typeof content === "string") return content;
  if (!Array.isArray(parts)) return null;
  const texts = parts.map((part) => (part as { readonly text?: Json } | null)?.text);
  return texts.filter((text) => typeof text === "string").join("\n") || null;
}
