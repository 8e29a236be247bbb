import { useState } from "react";
import type { AlertRow } from "../../contract/api.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { useIsWide } from "../lib/use-media-query.ts";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { EvidenceRow, evidenceColumns } from "./evidence-row.tsx";

interface EvidenceTableProps {
  readonly items: readonly AlertRow[];
  readonly total: number;
  readonly onWant: (index: number) => void;
}

const stickyPx = 130;
const lineHeight = 32;
const cardHeight = 80;

/** As long as the evidence is; rows come as they are scrolled to. */
export function EvidenceTable({ items, total, onWant }: EvidenceTableProps) {
  const isWide = useIsWide();
  const [active, setActive] = useState(-1);

  const move = (by: number) => () => setActive(Math.min(total - 1, Math.max(0, active + by)));
  useShortcuts({ j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1) });

  return (
    <div>
      {isWide && (
        <div
          aria-hidden="true"
          className={`${evidenceColumns} sticky top-[5.5rem] z-10 h-8 rounded-t-lg border-line border-b bg-sunken font-medium text-ink-3 text-xs`}
        >
          <span />
          <span>Time (UTC)</span>
          <span>Event</span>
          <span>Signature</span>
          <span>Where</span>
          <span>User</span>
        </div>
      )}
      <VirtualRows
        label="Records"
        total={total}
        rowHeight={isWide ? lineHeight : cardHeight}
        stickyPx={stickyPx}
        active={active}
        onWant={onWant}
        renderRow={(index) => {
          const row = items[index];
          return row ? <EvidenceRow row={row} isWide={isWide} /> : <EvidenceSkeleton />;
        }}
      />
    </div>
  );
}

function EvidenceSkeleton() {
  return (
    <span className="flex h-full items-center gap-4 border-line border-b px-4" aria-hidden="true">
      <span className="shimmer h-3 w-28" />
      <span className="shimmer h-3 w-1/2" />
    </span>
  );
}
