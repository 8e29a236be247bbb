import type { Detection } from "../model/alert.ts";
import { accountRules } from "./account-rules.ts";
import { commandRules } from "./command-rules.ts";
import { fileAndShareRules } from "./file-and-share-rules.ts";
import {
  type Condition,
  type DetectionRule,
  type EventSelector,
  fieldAliases,
  type WindowsRecord,
} from "./rule.ts";
import { systemRules } from "./system-rules.ts";

export const detectionRules: readonly DetectionRule[] = [
  ...commandRules,
  ...systemRules,
  ...accountRules,
  ...fileAndShareRules,
];

/** A condition looks at this much of a field: some patterns take quadratic time on text made for it. */
const maxMatchedChars = 8192;

/** Every rule that the record meets, in the order of the rules. */
export function detect(record: WindowsRecord): readonly Detection[] {
  const met: Detection[] = [];
  for (const rule of detectionRules) {
    if (!selects(rule.events, record) || !rule.all.every((condition) => holds(condition, record))) continue;
    const { id, title, severity, technique, type } = rule;
    const cited = rule.cites ?? rule.all[0]?.field ?? "Message";
    met.push({ id, title, severity, technique, type, field: fieldOf(cited, record)?.name ?? "Message" });
  }
  return met;
}

function selects(events: EventSelector, record: WindowsRecord): boolean {
  if (events === "process")
    return record.log === "Sysmon" ? record.id === 1 : record.log === "Security" && record.id === 4688;
  return events.ids.includes(record.id) && events.log.test(record.log);
}

function holds(condition: Condition, record: WindowsRecord): boolean {
  const value = fieldOf(condition.field, record)?.value ?? "";
  return condition.matches.test(value.slice(0, maxMatchedChars)) !== (condition.not ?? false);
}

function fieldOf(field: string, record: WindowsRecord): { name: string; value: string } | undefined {
  const names: readonly string[] = Object.hasOwn(fieldAliases, field)
    ? fieldAliases[field as keyof typeof fieldAliases]
    : [field];
  for (const name of names) {
    const value = Object.hasOwn(record.fields, name) ? record.fields[name] : undefined;
    if (value !== undefined && value !== "") return { name, value };
  }
  return undefined;
}
