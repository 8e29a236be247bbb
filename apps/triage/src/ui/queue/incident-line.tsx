import { memo } from "react";
import type { IncidentRow } from "../../contract/api.ts";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { cx } from "../lib/class-names.ts";
import { Foreign } from "../parts/foreign.tsx";
import { SeverityMark } from "../parts/severity.tsx";
import { StatusText } from "../parts/status.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { Link } from "../router/link.tsx";
import { incidentHref } from "../router/location.ts";
import { AlertCount } from "./alert-count.tsx";

export const lineHeight = 40;
export const queueColumns =
  "grid grid-cols-[1.5rem_minmax(0,1fr)_10rem_8.5rem_7.5rem_5.5rem] items-center gap-x-3 px-4";

interface IncidentLineProps {
  readonly row: IncidentRow;
  readonly isActive: boolean;
}

export const IncidentLine = memo(function IncidentLine({ row, isActive }: IncidentLineProps) {
  return (
    <div
      className={cx(
        queueColumns,
        "relative h-10 border-line border-b text-sm",
        isActive ? "bg-selected shadow-[inset_2px_0_var(--accent)]" : "hover:bg-hover",
      )}
    >
      <span className="flex">
        <SeverityMark severity={row.severity} />
      </span>
      <span className="min-w-0">
        <Link
          href={incidentHref(row.name)}
          className={cx(
            "block truncate rounded font-medium after:absolute after:inset-0",
            row.status === "closed" && "text-ink-2",
          )}
        >
          <Foreign text={row.title} max={240} />
        </Link>
      </span>
      <span className="truncate text-ink-2">{incidentTypeLabel(row.type) ?? row.type}</span>
      <span className="flex">
        <StatusText status={row.status} />
      </span>
      <span className="flex text-ink-2">
        <AlertCount count={row.alerts} />
      </span>
      <span className="relative text-right text-ink-2">
        <RelativeTime at={row.lastAt} className="tnum" />
      </span>
    </div>
  );
});
