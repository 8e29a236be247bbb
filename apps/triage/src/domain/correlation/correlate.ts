import { type FamilyId, signatureFamily } from "../detection/signature-family.ts";
import type { Alert } from "../model/alert.ts";
import type { IncidentType } from "../model/incident-type.ts";
import { conversationOf } from "../network/direction.ts";
import { cleanText } from "../text/clean-text.ts";
import { shortName } from "../text/digest.ts";
import { type CorrelationRule, correlationRules, ruleGroup } from "./correlation-rules.ts";
import { explain } from "./explain.ts";
import { incidentKey } from "./incident-key.ts";
import { type KeyField, keyFieldValue } from "./key-field.ts";

/** The incident an alert belongs to. All but `title` and `type` are the same for every alert of the incident. */
export interface Correlation {
  readonly ruleId: string;
  /** Identity of the incident: rule, window and key fields. Store it; `explain` reads it. */
  readonly key: string;
  /** `inc-` and 12 base32 characters: the name of the incident's session, from the key alone. */
  readonly name: string;
  readonly fields: Readonly<Partial<Record<KeyField, string>>>;
  /** Epoch milliseconds, `to` excluded. */
  readonly window: { readonly from: number; readonly to: number };
  readonly because: string;
  /** What the incident would be called if this alert led it. */
  readonly title: string;
  readonly type: IncidentType;
}

const hourMs = 3_600_000;

/**
 * A pure function of one alert: whichever server sees it, in whatever order, it lands in the same incident. The price of
 * fixed windows is that an attack across a border is two incidents. Undefined for telemetry alone, which opens none: the
 * last rule takes any alert.
 */
export function correlate(alert: Alert): Correlation | undefined {
  const placed = place(alert);
  return placed === undefined ? undefined : { ...placed, because: explain(placed.key).sentence };
}

/** The same without the words, which cost more than the rest. */
export function place(alert: Alert): Omit<Correlation, "because"> | undefined {
  if (alert.kind !== "alert") return undefined;
  const family = signatureFamily(alert.signature ?? "", alert.category ?? "");
  for (const rule of correlationRules) {
    if (!applies(rule, alert, family.id)) continue;
    const fields = fieldsOf(rule, alert);
    if (fields === undefined) continue;
    const ruleId = ruleGroup(rule.id);
    const lengthMs = rule.windowHours * hourMs;
    const from = Math.floor(alert.at / lengthMs) * lengthMs;
    const key = incidentKey({ ruleId, from, fields });
    return {
      ruleId,
      key,
      name: `inc-${shortName(key)}`,
      fields,
      window: { from, to: from + lengthMs },
      title: titleOf(rule, alert, fields),
      type:
        rule.type ??
        alert.detections.find((detection) => detection.id === alert.signatureId)?.type ??
        family.type,
    };
  }
  return undefined;
}

function applies(rule: CorrelationRule, alert: Alert, family: FamilyId): boolean {
  if (rule.source !== undefined && rule.source !== alert.source) return false;
  if (rule.families !== undefined && !rule.families.includes(family)) return false;
  if (rule.needs !== undefined && !Object.hasOwn(alert.fields, rule.needs)) return false;
  if (rule.directions === undefined) return true;
  return rule.directions.includes(conversationOf(alert)?.direction ?? "unknown");
}

function fieldsOf(rule: CorrelationRule, alert: Alert): Partial<Record<KeyField, string>> | undefined {
  const fields: Partial<Record<KeyField, string>> = {};
  for (const field of rule.by) {
    const value = keyFieldValue(field, alert);
    if (value === undefined) return undefined;
    fields[field] = value;
  }
  return fields;
}

function titleOf(rule: CorrelationRule, alert: Alert, fields: Partial<Record<KeyField, string>>): string {
  const filled = rule.title.replace(/\{(\w+)\}/g, (_, name: string) =>
    name === "signature" ? (alert.signature ?? "Alert") : (fields[name as KeyField] ?? ""),
  );
  return cleanText(filled, 160);
}
