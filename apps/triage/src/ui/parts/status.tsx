import type { IncidentStatus } from "../../contract/incident.ts";
import { cx } from "../lib/class-names.ts";

/** `new` is shown as "Open": the words people use, not a fifth status. */
export const statusLabel: Readonly<Record<IncidentStatus, string>> = {
  new: "Open",
  investigating: "Investigating",
  triaged: "Triaged",
  closed: "Closed",
};

export const statuses = Object.keys(statusLabel) as readonly IncidentStatus[];

export function isStatus(value: unknown): value is IncidentStatus {
  return typeof value === "string" && Object.hasOwn(statusLabel, value);
}

const colours: Readonly<Record<IncidentStatus, string>> = {
  new: "text-ink-3",
  investigating: "text-high",
  triaged: "text-accent",
  closed: "text-good",
};

/** A ring that fills as the incident moves on. */
export function StatusMark({ status }: { readonly status: IncidentStatus }) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={cx("size-4 shrink-0", colours[status])}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
    >
      <circle cx="8" cy="8" r="5.25" strokeDasharray={status === "new" ? "2.3 1.85" : undefined} />
      {status === "investigating" && (
        <path d="M8 5.25a2.75 2.75 0 0 1 0 5.5z" fill="currentColor" stroke="none" />
      )}
      {status === "triaged" && (
        <path d="M8 8V5.25A2.75 2.75 0 1 1 5.25 8z" fill="currentColor" stroke="none" />
      )}
      {status === "closed" && <path d="m5.6 8.2 1.7 1.7 3.1-3.6" strokeLinecap="round" />}
    </svg>
  );
}

export function StatusText({ status }: { readonly status: IncidentStatus }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <StatusMark status={status} />
      {statusLabel[status]}
    </span>
  );
}
