import { memo } from "react";
import type { IncidentRow } from "../../contract/api.ts";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { cx } from "../lib/class-names.ts";
import { compactPlural } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { SeverityMark } from "../parts/severity.tsx";
import { StatusText } from "../parts/status.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { Link } from "../router/link.tsx";
import { incidentHref } from "../router/location.ts";

export const cardHeight = 92;

interface IncidentCardProps {
  readonly row: IncidentRow;
  readonly isActive: boolean;
}

/** A row of the queue where there is no room for columns. */
export const IncidentCard = memo(function IncidentCard({ row, isActive }: IncidentCardProps) {
  return (
    <div
      className={cx(
        "relative flex h-23 gap-2.5 border-line border-b px-3 py-2.5",
        isActive ? "bg-selected" : "active:bg-hover",
      )}
    >
      <span className="pt-0.5">
        <SeverityMark severity={row.severity} />
      </span>
      <span className="flex min-w-0 flex-1 flex-col">
        <Link
          href={incidentHref(row.name)}
          className="line-clamp-2 rounded font-medium text-sm after:absolute after:inset-0"
        >
          <Foreign text={row.title} max={160} />
        </Link>
        <span className="mt-auto flex items-center gap-2 overflow-hidden whitespace-nowrap text-ink-2 text-xs">
          <StatusText status={row.status} />
          <span aria-hidden="true">·</span>
          <span className="tnum">{compactPlural(row.alerts, "alert")}</span>
          <span aria-hidden="true">·</span>
          <span className="truncate">{incidentTypeLabel(row.type) ?? row.type}</span>
          <RelativeTime at={row.lastAt} className="tnum ml-auto text-ink-3" />
        </span>
      </span>
    </div>
  );
});
