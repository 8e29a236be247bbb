import type { AgentName } from "../contract/agents.ts";
import type { Actors, Alert, Citation, Finding, IncidentType, Severity } from "../domain/index.ts";
import { cleanText, severityRank } from "../domain/index.ts";

/** A record as an agent may read and cite it. */
export type DossierRecord = {
  /** Short name of the record: the first characters of its hash. */
  readonly id: string;
  readonly hash: string;
  readonly at: number;
  readonly kind: Alert["kind"];
  readonly event: string;
  readonly severity: Severity;
  readonly fields: { readonly [name: string]: string };
};

/** A finding, by an analyser or, where `by` says so, by an agent. */
export type DossierFinding = Finding & { readonly analyser: string; readonly by: "analyser" | "model" };

/** All that an agent gets to know of an incident. It is a copy: nothing an agent does reaches the incident through it. */
export interface Dossier {
  readonly incident: {
    readonly title: string;
    readonly severity: Severity;
    readonly type: IncidentType;
    readonly actors: Actors;
    readonly ownIps: readonly string[];
    readonly keyIps?: readonly string[];
    readonly alerts: number;
    readonly firstAt: number;
    readonly lastAt: number;
  };
  readonly findings: readonly DossierFinding[];
  readonly records: readonly DossierRecord[];
  /** Ids of the actions that are planned already. */
  readonly planned: readonly string[];
  readonly assessment: string | null;
}

export interface AgentTask {
  /** Of the run that carries it out. */
  readonly runId: string;
  readonly agent: AgentName;
  /** From the coordinator, which has read what attackers write. */
  readonly question: string | null;
  readonly dossier: Dossier;
}

const idChars = 12;
const maxFindings = 12;
const maxRecords = 60;
const maxFields = 40;
const maxFieldChars = 500;
const maxRecordChars = 2500;

export function recordIdOf(hash: string): string {
  return hash.slice(0, idChars);
}

export function dossierFindings(
  findings: readonly Finding[],
  analyser: string,
  by: DossierFinding["by"],
): readonly DossierFinding[] {
  return findings.slice(0, maxFindings).map((finding) => ({ ...finding, analyser, by }));
}

/** The records that findings cite, then the most severe others, in order of time. */
export function chooseRecords(
  alerts: Iterable<Alert>,
  findings: readonly Finding[],
): readonly DossierRecord[] {
  const cited = new Set(
    findings.flatMap(({ citations }: { readonly citations: readonly Citation[] }) =>
      citations.map(({ alertHash }) => alertHash),
    ),
  );
  const byRank: Alert[][] = [[], [], [], [], [], []];
  for (const alert of alerts) {
    const rank = cited.has(alert.hash) ? 5 : alert.kind === "alert" ? severityRank(alert.severity) : 0;
    const same = byRank[rank];
    if (same && same.length < maxRecords) same.push(alert);
  }
  const chosen = byRank.reverse().flat().slice(0, maxRecords);
  return chosen.sort((a, b) => a.at - b.at).map(recordOf);
}

function recordOf({ hash, at, kind, event, severity, fields }: Alert): DossierRecord {
  return { id: recordIdOf(hash), hash, at, kind, event, severity, fields: boundedFields(fields) };
}

function boundedFields(fields: Alert["fields"]): DossierRecord["fields"] {
  const kept: Record<string, string> = {};
  let room = maxRecordChars;
  for (const [name, value] of Object.entries(fields).slice(0, maxFields)) {
    const text = cleanText(value, Math.min(maxFieldChars, room));
    room -= name.length + text.length;
    if (room <= 0) break;
    kept[name] = text;
  }
  return kept;
}
