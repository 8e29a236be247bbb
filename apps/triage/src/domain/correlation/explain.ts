import { cleanText } from "../text/clean-text.ts";
import { parseIncidentKey } from "./incident-key.ts";
import { type KeyField, keyFieldLabel } from "./key-field.ts";

/** Why the alerts of an incident are one incident, for people. */
export interface Explanation {
  readonly rule: string;
  readonly sentence: string;
  readonly why: string;
  /** What the rule cannot see. */
  readonly limits: string;
}

const hourMs = 3_600_000;

export function explain(key: string): Explanation {
  const parts = parseIncidentKey(key);
  if (parts === undefined) {
    return {
      rule: "Unknown rule",
      sentence: "The rule that made this incident is no longer part of the product.",
      why: "",
      limits: "New alerts do not join it.",
    };
  }
  const { rule, from, fields } = parts;
  const shared = Object.entries(fields).map(
    ([field, value]) => `${keyFieldLabel(field as KeyField)} ${cleanText(value, 120)}`,
  );
  const to = from + rule.windowHours * hourMs;
  return {
    rule: rule.label,
    sentence: `These alerts ${shared.length > 0 ? `have the same ${shared.join(" and the same ")} and fall` : "fall"} between ${minute(from)} and ${minute(to)} UTC.`,
    why: rule.why,
    limits: `Windows of ${rule.windowHours} hours are fixed, so that every server and every order of arrival gives the same incident; what went on past the border is the next incident.`,
  };
}

function minute(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString().slice(0, 16).replace("T", " ");
}
