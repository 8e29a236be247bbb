import type { SIRTSession } from "@sessions/incident";
import type { EventOf } from "sessile/client";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { formatPercent, plural } from "../lib/format-number.ts";
import { isStatus, statusLabel } from "../parts/status.tsx";
import { analyserLabel } from "./analyser-label.ts";

export type IncidentEvent = EventOf<SIRTSession>;

export const timelineGroups = {
  investigation: "Investigation",
  decisions: "Decisions",
  notes: "Notes",
  evidence: "Evidence",
  system: "System",
} as const;
export type TimelineGroup = keyof typeof timelineGroups;

export interface TimelineEntry {
  readonly group: TimelineGroup;
  readonly text: string;
  /** More in somebody's own words. */
  readonly detail?: string;
  /** Records, for events that may be shown as one. */
  readonly count?: number;
}

export function alertsTaken(count: number): string {
  return `${plural(count, "record")} taken in as evidence`;
}

/** An event of the log as a sentence. Events a later version writes show by their type. */
export function entryOf(event: IncidentEvent): TimelineEntry {
  switch (event.type) {
    case "alerts.attached":
      return {
        group: "evidence",
        text: alertsTaken(event.payload.count),
        count: event.payload.count,
      };
    case "investigation.started":
      return {
        group: "investigation",
        text: `Investigation started${event.payload.startOn === "open" ? " by opening the incident" : ""}`,
      };
    case "analysis.completed": {
      const { analyser, findings, summary } = event.payload;
      return {
        group: "investigation",
        text: `${analyserLabel(analyser)}: ${plural(findings, "finding")}`,
        detail: summary,
      };
    }
    case "analysis.failed":
      return {
        group: "investigation",
        text: `${analyserLabel(event.payload.analyser)} failed`,
        detail: event.payload.error,
      };
    case "agent.concluded":
      return {
        group: "investigation",
        text: `${analyserLabel(event.payload.agent)} agent: done`,
        detail: event.payload.summary,
      };
    case "agent.failed":
      return {
        group: "investigation",
        text: `${analyserLabel(event.payload.agent)} agent: no answer`,
        detail: event.payload.error,
      };
    case "agent.refused":
      return {
        group: "investigation",
        text: `${analyserLabel(event.payload.agent)} agent refused: ${event.payload.tool}`,
        detail: event.payload.reason,
      };
    case "card.synthesised": {
      const { severity, confidence, type } = event.payload;
      return {
        group: "investigation",
        text: `Verdict: ${severity}, ${incidentTypeLabel(type)}, ${formatPercent(confidence)} sure`,
      };
    }
    case "plan.proposed":
      return {
        group: "investigation",
        text: `Plan proposed: ${plural(event.payload.actions, "action")}`,
        detail: event.payload.playbook,
      };
    case "action.decided":
      return {
        group: "decisions",
        text: `Action ${event.payload.decision === "expired" ? "lapsed" : event.payload.decision}`,
        detail: event.payload.title,
      };
    case "decision.recorded":
      return {
        group: "decisions",
        text: `Closed: ${event.payload.decision || "decided"}`,
        detail: event.payload.comment,
      };
    case "note.added":
      return { group: "notes", text: "Note added", detail: event.payload.text };
    case "note.edited":
      return {
        group: "notes",
        text: `Note edited (version ${event.payload.version})`,
        detail: event.payload.text,
      };
    default:
      return systemEntryOf(event);
  }
}

function systemEntryOf(event: IncidentEvent): TimelineEntry {
  switch (event.type) {
    case "session.created":
      return { group: "system", text: "Session created" };
    case "status.changed": {
      const { to } = event.payload;
      return { group: "investigation", text: `Status: ${isStatus(to) ? statusLabel[to] : to}` };
    }
    case "session.lifecycle_changed":
      return { group: "system", text: `Session ${event.payload.to}` };
    case "state.changed":
      return { group: "system", text: "State changed" };
    case "gate.opened":
      return { group: "system", text: "Decision asked for", detail: event.payload.title };
    case "gate.answered":
      return { group: "system", text: `Gate answered: ${event.payload.answer}` };
    case "gate.expired":
      return { group: "system", text: "Gate expired" };
    case "work.started":
    case "work.completed":
      return { group: "system", text: `Work ${event.type === "work.started" ? "started" : "completed"}` };
    case "work.failed":
      return { group: "system", text: "Work failed", detail: event.payload.message };
    case "step.completed":
      return { group: "system", text: `Step completed: ${event.payload.step}` };
    case "step.failed":
      return {
        group: "system",
        text: `Step failed: ${event.payload.step}, attempt ${event.payload.attempt}`,
        detail: event.payload.message,
      };
    default:
      return { group: "system", text: event.type };
  }
}
