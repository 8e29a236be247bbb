import { cx } from "../lib/class-names.ts";
import { formatCount } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import type { TimelineGroup } from "./timeline-entry.ts";
import type { TimelineRow } from "./use-timeline.ts";

const dots: Readonly<Record<TimelineGroup, string>> = {
  investigation: "bg-accent",
  decisions: "bg-good",
  notes: "bg-bar-medium",
  evidence: "bg-bar-low",
  system: "bg-line-strong",
};

interface TimelineItemProps {
  readonly row: TimelineRow;
  readonly isLast: boolean;
}

export function TimelineItem({ row, isLast }: TimelineItemProps) {
  const { event, firstSeq, group, text, detail } = row;
  return (
    <div className="flex gap-3 pb-3 text-sm">
      <span aria-hidden="true" className="flex w-3 flex-col items-center pt-1.5">
        <span className={cx("size-2 shrink-0 rounded-full", dots[group])} />
        {!isLast && <span className="mt-1.5 -mb-3.5 w-px flex-1 bg-line" />}
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">
            <Foreign text={text} max={240} />
          </span>
          <span className="text-ink-3 text-xs">
            <Foreign text={event.actor ? (event.actor.name ?? event.actor.id) : "session"} max={80} /> ·{" "}
            <RelativeTime at={Date.parse(event.createdAt)} /> ·{" "}
            <span className="tnum" title="Place in the session's log">
              {firstSeq < event.seq && `#${formatCount(firstSeq)} to `}#{formatCount(event.seq)}
            </span>
          </span>
        </p>
        {detail && (
          <p className="mt-0.5 line-clamp-3 max-w-[80ch] whitespace-pre-wrap text-ink-2">
            <Foreign text={detail} max={500} />
          </p>
        )}
      </div>
    </div>
  );
}
