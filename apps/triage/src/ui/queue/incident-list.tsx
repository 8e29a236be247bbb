import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef } from "react";
import type { IncidentRow } from "../../contract/api.ts";
import { useScrollMargin } from "../lib/use-scroll-margin.ts";
import { cardHeight, IncidentCard } from "./incident-card.tsx";
import { IncidentLine, lineHeight, queueColumns } from "./incident-line.tsx";

interface IncidentListProps {
  readonly items: readonly IncidentRow[];
  readonly total: number;
  readonly isWide: boolean;
  readonly active: number;
  readonly onWant: (index: number) => void;
}

/** Rows kept free above the active one: the page's header and the list's own. */
const stickyPx = 140;

/** The whole list, as long as it is; only what is seen is in the page. */
export function IncidentList({ items, total, isWide, active, onWant }: IncidentListProps) {
  const ref = useRef<HTMLUListElement>(null);
  const offset = useScrollMargin(ref);
  const height = isWide ? lineHeight : cardHeight;
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => height,
    overscan: 16,
    scrollMargin: offset,
    scrollPaddingStart: stickyPx,
    scrollPaddingEnd: 48,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows changed height with the layout
  useLayoutEffect(() => virtual.measure(), [height]);

  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => onWant(lastSeen), [onWant, lastSeen]);

  useLayoutEffect(() => {
    if (active < 0) return;
    virtual.scrollToIndex(active, { align: "auto" });
    const find = () => ref.current?.querySelector<HTMLElement>(`[data-row="${active}"]`);
    const link = find();
    // At once where it can be: Enter right after must not open the row that had the focus before.
    link?.focus({ preventScroll: true });
    const frame = link ? 0 : requestAnimationFrame(() => find()?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
  }, [active, virtual]);

  const Row = isWide ? IncidentLine : IncidentCard;
  return (
    <div>
      {isWide && <ColumnTitles />}
      <ul ref={ref} aria-label="Incidents" className="relative" style={{ height: virtual.getTotalSize() }}>
        {rows.map(({ index, start }) => {
          const row = items[index];
          return (
            <li
              key={index}
              aria-posinset={index + 1}
              aria-setsize={total}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start - offset}px)`, height }}
            >
              {row ? (
                <Row row={row} index={index} isActive={index === active} />
              ) : (
                <RowSkeleton isWide={isWide} index={index} />
              )}
            </li>
          );
        })}
      </ul>
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
