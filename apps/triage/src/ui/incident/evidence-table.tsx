import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { AlertRow } from "../../contract/api.ts";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { useIsWide } from "../lib/use-media-query.ts";
import { useScrollMargin } from "../lib/use-scroll-margin.ts";
import { EvidenceRow, evidenceColumns } from "./evidence-row.tsx";

interface EvidenceTableProps {
  readonly items: readonly AlertRow[];
  readonly total: number;
  readonly onWant: (index: number) => void;
}

const stickyPx = 130;

/** As long as the evidence is; rows come as they are scrolled to. */
export function EvidenceTable({ items, total, onWant }: EvidenceTableProps) {
  const ref = useRef<HTMLUListElement>(null);
  const isWide = useIsWide();
  const height = isWide ? 32 : 80;
  const offset = useScrollMargin(ref);
  const [active, setActive] = useState(-1);
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => height,
    overscan: 20,
    scrollMargin: offset,
    scrollPaddingStart: stickyPx,
    scrollPaddingEnd: 40,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows changed height with the layout
  useLayoutEffect(() => virtual.measure(), [height]);

  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => onWant(lastSeen), [onWant, lastSeen]);

  useEffect(() => {
    if (active < 0) return;
    virtual.scrollToIndex(active, { align: "auto" });
    const frame = requestAnimationFrame(() =>
      ref.current?.querySelector<HTMLElement>(`[data-record="${active}"]`)?.focus({ preventScroll: true }),
    );
    return () => cancelAnimationFrame(frame);
  }, [active, virtual]);

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
      <ul ref={ref} aria-label="Records" className="relative" style={{ height: virtual.getTotalSize() }}>
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
                <EvidenceRow row={row} index={index} isWide={isWide} />
              ) : (
                <span className="flex h-full items-center gap-4 border-line border-b px-4" aria-hidden="true">
                  <span className="shimmer h-3 w-28" />
                  <span className="shimmer h-3 w-1/2" />
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
