import { actionOf, candidateTargets, type PlannedAction, type PlannedIncident } from "./plan.ts";
import type { PlaybookStep, TargetKind } from "./playbook.ts";
import { playbooks } from "./playbooks.ts";

/** A step that may be proposed, and what it may be aimed at. */
export interface CatalogueEntry {
  readonly action: string;
  readonly title: string;
  readonly targetKind: TargetKind | null;
  readonly targets: readonly string[];
}

const steps: ReadonlyMap<string, PlaybookStep> = new Map(
  playbooks.flatMap((playbook) => playbook.steps).map((step) => [step.id, step]),
);

/** Every step of every playbook that this incident gives a target for. */
export function catalogueOf(incident: PlannedIncident): readonly CatalogueEntry[] {
  return [...steps.values()].flatMap((step) => {
    const { id, title, target = null } = step;
    const targets = target === null ? [] : candidateTargets(target, incident);
    if (target !== null && targets.length === 0) return [];
    return [{ action: id, title, targetKind: target, targets }];
  });
}

/** One step aimed at some of its targets; null if it is not in the catalogue, or not with these targets. */
export function catalogueAction(
  incident: PlannedIncident,
  id: string,
  targets: readonly string[],
): PlannedAction | null {
  const step = steps.get(id);
  const entry = catalogueOf(incident).find(({ action }) => action === id);
  if (!step || !entry) return null;
  const { target } = step;
  if (target === undefined) return targets.length === 0 ? actionOf(step, []) : null;
  if (targets.length === 0 || targets.some((value) => !entry.targets.includes(value))) return null;
  return actionOf(
    step,
    targets.map((value) => ({ kind: target, value })),
  );
}
