import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { cx } from "../lib/class-names.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { useScrollMargin } from "../lib/use-scroll-margin.ts";
import { Button } from "../parts/button.tsx";
import { Notice } from "../parts/notice.tsx";
import { type TimelineGroup, timelineGroups } from "./timeline-entry.ts";
import { TimelineItem } from "./timeline-item.tsx";
import { useTimeline } from "./use-timeline.ts";

const usual: readonly TimelineGroup[] = ["investigation", "decisions", "notes", "evidence"];

/** The session's log for people, newest first. */
export function TimelinePanel() {
  const [groups, setGroups] = useState<ReadonlySet<TimelineGroup>>(() => new Set(usual));
  const { rows, hasOlder, firstSeq, isLoading, error, loadOlder } = useTimeline(groups);
  const ref = useRef<HTMLOListElement>(null);
  const offset = useScrollMargin(ref);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => 56,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => rows[index]?.event.seq ?? index,
  });
  const toggle = (group: TimelineGroup) =>
    setGroups((before) => {
      const next = new Set(before);
      if (!next.delete(group)) next.add(group);
      return next;
    });

  return (
    <section aria-label="Timeline">
      <fieldset className="mb-3 flex flex-wrap gap-1">
        <legend className="sr-only">Show events of kind</legend>
        {(Object.keys(timelineGroups) as TimelineGroup[]).map((group) => (
          <button
            key={group}
            type="button"
            aria-pressed={groups.has(group)}
            onClick={() => toggle(group)}
            className={cx(
              "h-7 rounded-full border px-2.5 text-xs transition-colors",
              groups.has(group)
                ? "border-accent bg-accent-soft"
                : "border-line-strong text-ink-2 hover:bg-hover",
            )}
          >
            {timelineGroups[group]}
          </button>
        ))}
      </fieldset>
      {rows.length === 0 && (
        <p className="rounded-lg border border-line bg-surface px-4 py-6 text-center text-ink-2 text-sm">
          No event of these kinds yet.
        </p>
      )}
      <ol ref={ref} className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          return (
            row && (
              <li
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start - offset}px)` }}
              >
                <TimelineItem row={row} isLast={index === rows.length - 1 && !hasOlder} />
              </li>
            )
          );
        })}
      </ol>
      {error && (
        <Notice tone="error" className="mt-3">
          {error}
        </Notice>
      )}
      {hasOlder && (
        <div className="mt-3 flex items-center gap-3">
          <Button size="sm" disabled={isLoading} onClick={() => void loadOlder()}>
            {isLoading ? "Loading…" : "Load earlier events"}
          </Button>
          <span className="tnum text-ink-3 text-xs">
            {plural(firstSeq - 1, "earlier event")}, before number {formatCount(firstSeq)}
          </span>
        </div>
      )}
    </section>
  );
}
