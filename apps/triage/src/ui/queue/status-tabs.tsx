import type { QueueSummary } from "../../contract/api.ts";
import { cx } from "../lib/class-names.ts";
import { formatCompact } from "../lib/format-number.ts";
import { StatusMark, statuses, statusLabel } from "../parts/status.tsx";
import { type Filters, toggleFilter } from "./filters.ts";

interface StatusTabsProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  readonly summary: QueueSummary | undefined;
}

/** How many in each status; each is a filter to switch on and off. */
export function StatusTabs({ filters, onChange, summary }: StatusTabsProps) {
  return (
    <fieldset className="flex min-w-0 max-w-[100dvw] gap-1 overflow-x-auto max-md:-mx-3 max-md:px-3">
      <legend className="sr-only">Status</legend>
      {statuses.map((status) => {
        const isOn = filters.status.includes(status);
        return (
          <button
            key={status}
            type="button"
            aria-pressed={isOn}
            onClick={() => onChange(toggleFilter(filters, "status", status))}
            className={cx(
              "flex h-8 shrink-0 items-center gap-1.5 rounded-md border px-2 text-sm transition-colors",
              isOn ? "border-accent bg-accent-soft" : "border-transparent hover:bg-hover",
            )}
          >
            <StatusMark status={status} />
            {statusLabel[status]}
            <span className="tnum text-ink-3 text-xs">
              {summary ? formatCompact(summary.byStatus[status]) : "–"}
            </span>
          </button>
        );
      })}
    </fieldset>
  );
}
