import { useMemo, useState } from "react";
import { api } from "../api/api.ts";
import { PagedList } from "../api/paged-list.ts";
import { usePagedList } from "../api/use-paged-list.ts";
import { cx } from "../lib/class-names.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { Button } from "../parts/button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadFailure } from "../parts/read-failure.tsx";
import { EvidenceTable } from "./evidence-table.tsx";

const kinds = { alert: "Alerts", telemetry: "Telemetry" } as const;
type Kind = keyof typeof kinds;

interface EvidencePanelProps {
  readonly name: string;
  /** Alerts the session knows of now; more than the list has means some arrived since. */
  readonly known: number;
}

/** Every alert of the incident, and the telemetry around it, in order of time. */
export function EvidencePanel({ name, known }: EvidencePanelProps) {
  const [kind, setKind] = useState<Kind>("alert");
  const list = useMemo(
    () => new PagedList((cursor, signal) => api.alerts(name, kind, cursor, signal)),
    [name, kind],
  );
  const { items, total, error, isStale } = usePagedList(list);
  const arrived = kind === "alert" && total !== null && !isStale ? known - total : 0;

  return (
    <section aria-label="Evidence" className="min-w-0">
      <div className="mb-2 flex flex-wrap items-center gap-2 max-md:px-3">
        <fieldset className="flex gap-0.5 rounded-md bg-sunken p-0.5">
          <legend className="sr-only">Kind of evidence</legend>
          {(Object.keys(kinds) as Kind[]).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === kind}
              onClick={() => setKind(each)}
              className={cx(
                "h-7 rounded px-2.5 text-sm",
                each === kind ? "bg-raised font-medium shadow-sm" : "text-ink-2 hover:text-ink",
              )}
            >
              {kinds[each]}
            </button>
          ))}
        </fieldset>
        <p className="tnum text-ink-2 text-sm" aria-live="polite">
          {total !== null && !isStale && plural(total, "record")}
        </p>
        {arrived > 0 && (
          <Button size="sm" icon="refresh" onClick={list.reload}>
            {formatCount(arrived)} more since
          </Button>
        )}
      </div>
      <ReadFailure title="The evidence could not be read" error={error} onRetry={list.retry} />
      <div
        className="border-line bg-surface max-md:border-t md:rounded-lg md:border"
        aria-busy={total === null || isStale}
      >
        {total === null && !error && <div className="shimmer m-4 h-4 w-1/2" />}
        {total === 0 && (
          <EmptyState icon="info" title={kind === "alert" ? "No alerts" : "No telemetry"}>
            {kind === "alert"
              ? "The incident has no alert any more."
              : "No record without a detection mentions this incident's hosts at that time."}
          </EmptyState>
        )}
        {total !== null && total > 0 && (
          <EvidenceTable key={kind} items={items} total={total} onWant={list.want} />
        )}
      </div>
    </section>
  );
}
