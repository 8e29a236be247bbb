import type { Actors } from "../model/alert.ts";
import type { IncidentType } from "../model/incident-type.ts";
import { type Severity, severityRank } from "../model/severity.ts";
import { isGroupIp, isInternalIp } from "../network/ip-address.ts";
import type { Integration, PlaybookStep, Risk, TargetKind } from "./playbook.ts";
import { playbookFor, watch } from "./playbooks.ts";

export interface ActionTarget {
  readonly kind: TargetKind;
  readonly value: string;
}

/** One action of a plan; a person approves or rejects each. */
export interface PlannedAction {
  readonly id: string;
  readonly title: string;
  readonly risk: Risk;
  readonly reversible: boolean;
  readonly integration: Integration;
  readonly rationale: string;
  readonly timeWindow: string;
  /** Empty where the action concerns the incident as a whole. */
  readonly targets: readonly ActionTarget[];
}

export interface ActionPlan {
  readonly playbook: string;
  readonly title: string;
  readonly actions: readonly PlannedAction[];
}

export interface PlannedIncident {
  readonly type: IncidentType;
  readonly severity: Severity;
  readonly actors: Actors;
  /** Addresses of ours that are public: never blocked as somebody else's. */
  readonly ownIps?: readonly string[];
  /** Those that the incident is about, and so the first to act on. */
  readonly keyIps?: readonly string[];
}

const maxTargets = 10;

/** The playbook for this type, cut to the steps that the severity warrants and the evidence gives a target for. */
export function planActions(incident: PlannedIncident): ActionPlan {
  const playbook = playbookFor(incident.type);
  const actions: PlannedAction[] = [];
  const warranted = playbook.steps.filter(
    (step) => severityRank(incident.severity) >= severityRank(step.from ?? "low"),
  );
  for (const step of warranted) {
    const targets = targetsOf(step, incident);
    if (step.target !== undefined && targets.length === 0) continue;
    actions.push(actionOf(step, targets));
  }
  if (actions.length === 0) actions.push(actionOf(watch, []));
  return { playbook: playbook.id, title: playbook.title, actions };
}

export function actionOf(step: PlaybookStep, targets: readonly ActionTarget[]): PlannedAction {
  const { id, risk, reversible, integration, rationale, timeWindow } = step;
  return { id, title: titleOf(step, targets), risk, reversible, integration, rationale, timeWindow, targets };
}

function targetsOf(step: PlaybookStep, incident: PlannedIncident): readonly ActionTarget[] {
  const kind = step.target;
  if (kind === undefined) return [];
  return candidateTargets(kind, incident)
    .slice(0, maxTargets)
    .map((value) => ({ kind, value }));
}

/** What the evidence names of this kind. */
export function candidateTargets(
  kind: TargetKind,
  { actors, ownIps = [], keyIps = [] }: PlannedIncident,
): readonly string[] {
  if (kind === "host") return actors.hosts;
  if (kind === "user") return actors.users;
  const ours = (ip: string): boolean => isInternalIp(ip) || ownIps.includes(ip);
  return [...new Set([...keyIps, ...actors.ips])].filter(
    (ip) => !isGroupIp(ip) && ours(ip) === (kind === "internal-ip"),
  );
}

function titleOf(step: PlaybookStep, targets: readonly ActionTarget[]): string {
  const [first, ...more] = targets;
  if (first === undefined) return step.title;
  return more.length === 0
    ? `${step.title}: ${first.value}`
    : `${step.title}: ${first.value} and ${more.length} more`;
}
