import { SessileError } from "sessile";
import type { IncidentStatus } from "../../contract/incident.ts";
import {
  type IncidentType,
  incidentTypes,
  type Severity,
  severities,
  severityRank,
} from "../../domain/index.ts";
import { foldText } from "./alert-writer.ts";

/** What the queue is narrowed to; an empty list means all. */
export interface QueueFilter {
  readonly status: readonly IncidentStatus[];
  readonly severity: readonly Severity[];
  readonly type: readonly IncidentType[];
  /** Words that all occur in title, shared facts or name; folded. */
  readonly words: readonly string[];
}

export const statuses = [
  "new",
  "investigating",
  "triaged",
  "closed",
] as const satisfies readonly IncidentStatus[];
const maxQueryChars = 200;
/** Each is a bound value, of which a statement has 100 at most. Folding can make several words of one letter. */
const maxQueryWords = 40;

/** @throws SessileError `bad_request` naming the field */
export function parseQueueFilter(query: Readonly<Record<string, string>>): QueueFilter {
  const q = query.q ?? "";
  if (q.length > maxQueryChars)
    throw new SessileError("bad_request", `q is at most ${maxQueryChars} characters.`, { field: "q" });
  return {
    status: parseList(query.status, "status", statuses),
    severity: parseList(query.severity, "severity", severities),
    type: parseList(query.type, "type", incidentTypes),
    words: parseWords(q),
  };
}

function parseWords(q: string): string[] {
  const words = [...new Set(foldText(q).split(/\s+/))].filter((word) => word !== "");
  if (words.length <= maxQueryWords) return words;
  throw new SessileError("bad_request", `q is at most ${maxQueryWords} different words.`, { field: "q" });
}

function parseList<Item extends string>(
  text: string | undefined,
  field: string,
  known: readonly Item[],
): Item[] {
  const items = [...new Set((text ?? "").split(","))].filter((item) => item !== "");
  for (const item of items) {
    if (!(known as readonly string[]).includes(item))
      throw new SessileError("bad_request", `${field} takes a comma list of: ${known.join(", ")}.`, {
        field,
      });
  }
  return items as Item[];
}

/** Conditions on `incidents`, and the values they bind. `instr` and not LIKE, whose wildcards people type by accident. */
export function conditionsOf(filter: QueueFilter): { clauses: string[]; values: (string | number)[] } {
  const clauses: string[] = [];
  const values: (string | number)[] = [];
  const among = (column: string, items: readonly (string | number)[]) => {
    if (items.length === 0) return;
    clauses.push(`${column} IN (${items.map(() => "?").join(", ")})`);
    values.push(...items);
  };
  among("status", filter.status);
  among("severity", filter.severity.map(severityRank));
  among("type", filter.type);
  for (const word of filter.words) {
    clauses.push("instr(search, ?) > 0");
    values.push(word);
  }
  return { clauses, values };
}

export function whereOf(clauses: readonly string[]): string {
  return clauses.length === 0 ? "" : `WHERE ${clauses.join(" AND ")}`;
}
