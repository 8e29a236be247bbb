import * as z from "zod";
import { type CorrelationRule, correlationRules } from "./correlation-rules.ts";
import { type KeyField, keyFields } from "./key-field.ts";

export interface IncidentKeyParts {
  readonly ruleId: string;
  /** Start of the window, epoch milliseconds. */
  readonly from: number;
  readonly fields: Readonly<Partial<Record<KeyField, string>>>;
}

const keySchema = z.tuple([z.string(), z.number().int(), z.array(z.tuple([z.enum(keyFields), z.string()]))]);

/** JSON, so that no host name can be written to look like another key. */
export function incidentKey(parts: IncidentKeyParts): string {
  const fields = Object.entries(parts.fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([parts.ruleId, parts.from, fields]);
}

/** Undefined for text that is no key, or one of a rule that no longer exists. */
export function parseIncidentKey(key: string): (IncidentKeyParts & { rule: CorrelationRule }) | undefined {
  let json: unknown;
  try {
    json = JSON.parse(key);
  } catch {
    return undefined;
  }
  const parsed = keySchema.safeParse(json);
  if (!parsed.success) return undefined;
  const [ruleId, from, entries] = parsed.data;
  const rule = correlationRules.find((candidate) => candidate.id === ruleId);
  return rule === undefined ? undefined : { ruleId, from, fields: Object.fromEntries(entries), rule };
}
