import type { IncidentRow } from "../../contract/api.ts";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { cardHeight, IncidentCard } from "./incident-card.tsx";
import { IncidentLine, lineHeight, queueColumns } from "./incident-line.tsx";

interface IncidentListProps {
  readonly items: readonly IncidentRow[];
  readonly total: number;
  readonly isWide: boolean;
  readonly active: number;
  readonly onWant: (index: number) => void;
}

const stickyPx = 140;

/** The whole list, as long as it is. */
export function IncidentList({ items, total, isWide, active, onWant }: IncidentListProps) {
  const Row = isWide ? IncidentLine : IncidentCard;
  return (
    <div>
      {isWide && <ColumnTitles />}
      <VirtualRows
        label="Incidents"
        total={total}
        rowHeight={isWide ? lineHeight : cardHeight}
        stickyPx={stickyPx}
        active={active}
        onWant={onWant}
        renderRow={(index) => {
          const row = items[index];
          if (!row) return <RowSkeleton isWide={isWide} index={index} />;
          return <Row row={row} isActive={index === active} />;
        }}
      />
    </div>
  );
}

/** For the eye only: each row says in words what its columns hold. */
function ColumnTitles() {
  return (
    <div
      aria-hidden="true"
      className={`${queueColumns} sticky top-[6.5rem] z-10 h-8 rounded-t-lg border-line border-b bg-sunken font-medium text-ink-3 text-xs`}
    >
      <span />
      <span>Incident</span>
      <span>Type</span>
      <span>Status</span>
      <span>Alerts</span>
      <span className="text-right">Latest</span>
    </div>
  );
}

export function RowSkeleton({ isWide, index }: { readonly isWide: boolean; readonly index: number }) {
  const width = `${38 + ((index * 17) % 40)}%`;
  return (
    <div
      aria-hidden="true"
      className={
        isWide
          ? `${queueColumns} h-10 border-line border-b`
          : "flex h-23 flex-col justify-between border-line border-b p-3"
      }
    >
      {isWide && <span className="shimmer size-4" />}
      <span className="shimmer h-3" style={{ width }} />
      <span className="shimmer h-3 w-24" />
      {isWide && (
        <>
          <span className="shimmer h-3 w-20" />
          <span className="shimmer h-3 w-16" />
          <span className="shimmer ml-auto h-3 w-10" />
        </>
      )}
    </div>
  );
}
