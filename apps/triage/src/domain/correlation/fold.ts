import type { Actors, Alert } from "../model/alert.ts";
import type { IncidentType } from "../model/incident-type.ts";
import { highestSeverity, type Severity, severityRank } from "../model/severity.ts";
import { type Correlation, place } from "./correlate.ts";
import { keyFieldValue } from "./key-field.ts";

/** What the queue shows of an incident: a summary of its alerts that does not depend on their order or grouping. */
export interface IncidentSummary {
  readonly title: string;
  readonly severity: Severity;
  readonly type: IncidentType;
  /** Epoch milliseconds of the first and the last alert. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly alertCount: number;
  readonly counts: Readonly<Record<Severity, number>>;
  /** The alphabetically first `actorLimit` of each kind. */
  readonly actors: Actors;
  /** Addresses on the defended side, public ones too: a plan must not block them. Limited like actors. */
  readonly ownIps: readonly string[];
  /** The addresses that the incident is about, such as its attacker: those of its key, however many others there are. */
  readonly keyIps: readonly string[];
  /**
   * Title and type are those of the alert with the greatest rank: the most severe, then the most telling type, then the
   * earliest, then by hash. Plain text
   * comparison orders ranks, so a database can decide in its own upsert: `CASE WHEN excluded.rank > rank THEN excluded.title …`.
   */
  readonly rank: string;
}

/** The first N of a union is the same however the union is grouped; "the first N seen" would not be. */
const actorLimit = 32;

/** A summary as any version stored it: what it did not know yet is missing. */
export type StoredSummary = Omit<IncidentSummary, "keyIps"> & Partial<Pick<IncidentSummary, "keyIps">>;

export function restoreSummary(stored: StoredSummary): IncidentSummary {
  return { ...stored, keyIps: stored.keyIps ?? [] };
}

/** Adds alerts that `correlate` put in this incident. Each alert once: leave duplicates out before. */
export function fold(
  summary: IncidentSummary | undefined,
  alerts: Iterable<Alert>,
): IncidentSummary | undefined {
  let result = summary;
  for (const alert of alerts) {
    const single = summarise(alert);
    if (single !== undefined) result = result === undefined ? single : mergeSummaries(result, single);
  }
  return result;
}

/** Commutative and associative. */
export function mergeSummaries(a: IncidentSummary, b: IncidentSummary): IncidentSummary {
  const lead = a.rank >= b.rank ? a : b;
  return {
    title: lead.title,
    type: lead.type,
    rank: lead.rank,
    severity: highestSeverity(a.severity, b.severity),
    firstAt: Math.min(a.firstAt, b.firstAt),
    lastAt: Math.max(a.lastAt, b.lastAt),
    alertCount: a.alertCount + b.alertCount,
    counts: {
      low: a.counts.low + b.counts.low,
      medium: a.counts.medium + b.counts.medium,
      high: a.counts.high + b.counts.high,
      critical: a.counts.critical + b.counts.critical,
    },
    actors: {
      hosts: firstOfUnion(a.actors.hosts, b.actors.hosts),
      ips: firstOfUnion(a.actors.ips, b.actors.ips),
      users: firstOfUnion(a.actors.users, b.actors.users),
    },
    ownIps: firstOfUnion(a.ownIps, b.ownIps),
    keyIps: firstOfUnion(a.keyIps, b.keyIps),
  };
}

function summarise(alert: Alert): IncidentSummary | undefined {
  const correlation = place(alert);
  if (correlation === undefined) return undefined;
  return {
    title: correlation.title,
    severity: alert.severity,
    type: correlation.type,
    firstAt: alert.at,
    lastAt: alert.at,
    alertCount: 1,
    counts: { low: 0, medium: 0, high: 0, critical: 0, [alert.severity]: 1 },
    actors: {
      hosts: firstOfUnion(alert.actors.hosts, []),
      ips: firstOfUnion(alert.actors.ips, []),
      users: firstOfUnion(alert.actors.users, []),
    },
    ownIps: ownIps(alert, correlation.fields.insideHost),
    keyIps: keyIps(correlation.fields),
    rank: rankOf(alert, correlation.type),
  };
}

/** Every alert of an incident has the same ones. */
function keyIps({ attacker, insideHost, sender, receiver }: Correlation["fields"]): readonly string[] {
  const ips = [attacker, insideHost, sender, receiver].filter((ip) => ip !== undefined);
  return firstOfUnion(ips, []);
}

/** The defended side of a network alert; where no address is private, the one the rule protects, else the receiver. */
function ownIps(alert: Alert, insideHost: string | undefined): readonly string[] {
  if (alert.source !== "suricata") return [];
  const own = insideHost ?? keyFieldValue("defended", alert);
  return own === undefined ? [] : [own];
}

/** What was done says more than how its traces were hidden, and that more than noise around it. */
function typeWeight(type: IncidentType): number {
  if (type === "defence-evasion") return 1;
  return type === "reconnaissance" || type === "policy-violation" || type === "suspicious-activity" ? 0 : 2;
}

/** Earlier is greater: the time is counted down from a number that no date reaches. */
function rankOf(alert: Alert, type: IncidentType): string {
  const latest = 9_000_000_000_000_000;
  return `${severityRank(alert.severity)}${typeWeight(type)}-${String(latest - alert.at).padStart(16, "0")}-${alert.hash}`;
}

function firstOfUnion(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length <= 1 && a.length <= actorLimit && (b[0] === undefined || a.includes(b[0])) && isSorted(a))
    return a;
  return [...new Set([...a, ...b])].sort().slice(0, actorLimit);
}

function isSorted(values: readonly string[]): boolean {
  return values.every((value, i) => i === 0 || (values[i - 1] ?? "") < value);
}
