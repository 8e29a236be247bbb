import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useScrollMargin } from "../lib/use-scroll-margin.ts";

interface VirtualRowsProps {
  readonly label: string;
  readonly total: number;
  readonly rowHeight: number;
  /** Kept free above the active row: the page's header and the list's own. */
  readonly stickyPx: number;
  /** The row with the focus, which is its first link or button; -1: none. */
  readonly active: number;
  /** Told how far the list is looked at. */
  readonly onWant: (index: number) => void;
  readonly renderRow: (index: number) => ReactNode;
}

/** A list as long as it is, of which only what is seen is in the page. */
export function VirtualRows({
  label,
  total,
  rowHeight,
  stickyPx,
  active,
  onWant,
  renderRow,
}: VirtualRowsProps) {
  const ref = useRef<HTMLUListElement>(null);
  const offset = useScrollMargin(ref);
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowHeight,
    overscan: 20,
    scrollMargin: offset,
    scrollPaddingStart: stickyPx,
    scrollPaddingEnd: 48,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows changed height with the layout
  useLayoutEffect(() => virtual.measure(), [rowHeight]);

  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? 0;
  useEffect(() => onWant(lastSeen), [onWant, lastSeen]);

  useLayoutEffect(() => {
    if (active < 0) return;
    virtual.scrollToIndex(active, { align: "auto" });
    const find = () => ref.current?.querySelector<HTMLElement>(`[data-index="${active}"] :is(a, button)`);
    const control = find();
    // At once where it can be: Enter right after must not open the row that had the focus before.
    control?.focus({ preventScroll: true });
    const frame = control ? 0 : requestAnimationFrame(() => find()?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
  }, [active, virtual]);

  return (
    <ul ref={ref} aria-label={label} className="relative" style={{ height: virtual.getTotalSize() }}>
      {rows.map(({ index, start }) => (
        <li
          key={index}
          data-index={index}
          aria-posinset={index + 1}
          aria-setsize={total}
          className="absolute inset-x-0 top-0"
          style={{ transform: `translateY(${start - offset}px)`, height: rowHeight }}
        >
          {renderRow(index)}
        </li>
      ))}
    </ul>
  );
}
