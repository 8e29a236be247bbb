import { useState } from "react";
import type { QueueSummary } from "../../contract/api.ts";
import { severities } from "../../domain/model/severity.ts";
import { cx } from "../lib/class-names.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { formatTick } from "../lib/format-time.ts";
import { severityLabel } from "../parts/severity.tsx";

const height = 52;
const slot = 10;
/** Buckets from which on bars stand close together; fewer are kept slim. */
const denseBuckets = 45;
const worstFirst = [...severities].reverse();
const fills = {
  critical: "fill-bar-critical",
  high: "fill-bar-high",
  medium: "fill-bar-medium",
  low: "fill-bar-low",
};
const dots = {
  critical: "bg-bar-critical",
  high: "bg-bar-high",
  medium: "bg-bar-medium",
  low: "bg-bar-low",
};

type Bucket = QueueSummary["arrivals"][number];
const sumOf = (bucket: Bucket) => severities.reduce((sum, severity) => sum + bucket.counts[severity], 0);

/** Incidents by the time of their latest alert, stacked by severity. */
export function ArrivalsChart({ summary }: { readonly summary: QueueSummary }) {
  const [hovered, setHovered] = useState<number | null>(null);
  const { arrivals, bySeverity } = summary;
  const highest = Math.max(1, ...arrivals.map(sumOf));
  const bucket = hovered === null ? undefined : arrivals[hovered];
  const first = arrivals[0];
  const last = arrivals.at(-1);
  const spanMs = first && last ? last.to - first.from : 0;
  const width = slot * Math.min(0.8, (arrivals.length / denseBuckets) * 0.8);
  const total = severities.reduce((sum, severity) => sum + bySeverity[severity], 0);

  return (
    <figure aria-label="Severity and arrival of incidents" className="min-w-0">
      <figcaption className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-4 text-xs">
        <span className="flex flex-wrap gap-x-3">
          {worstFirst.map((severity) => (
            <span key={severity} className="inline-flex items-baseline gap-1.5 text-ink-2">
              <span className={cx("inline-block size-2 rounded-xs", dots[severity])} />
              {severityLabel[severity]}
              <b className="tnum font-medium text-ink">
                {formatCount((bucket?.counts ?? bySeverity)[severity])}
              </b>
            </span>
          ))}
        </span>
        <span className="tnum text-ink-3">
          {bucket
            ? `${formatTick(bucket.from, spanMs)} – ${formatTick(bucket.to, spanMs)}`
            : `${plural(total, "incident")} by latest alert`}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${Math.max(1, arrivals.length) * slot} ${height}`}
        preserveAspectRatio="none"
        className="block h-13 w-full"
        role="img"
        aria-label={chartText(arrivals, total, spanMs)}
        onPointerLeave={() => setHovered(null)}
      >
        <rect x="0" y={height - 1} width="100%" height="1" className="fill-line" />
        {arrivals.map((each, index) => (
          <g key={each.from} onPointerEnter={() => setHovered(index)}>
            <rect
              x={index * slot}
              y="0"
              width={slot}
              height={height}
              className={hovered === index ? "fill-hover" : "fill-transparent"}
            />
            <Bar bucket={each} x={index * slot + (slot - width) / 2} width={width} highest={highest} />
          </g>
        ))}
      </svg>
      <div className="tnum mt-1 flex justify-between text-2xs text-ink-3" aria-hidden="true">
        <span>{first && formatTick(first.from, spanMs)}</span>
        <span>{last && formatTick(last.to, spanMs)}</span>
      </div>
    </figure>
  );
}

function Bar({
  bucket,
  x,
  width,
  highest,
}: {
  readonly bucket: Bucket;
  readonly x: number;
  readonly width: number;
  readonly highest: number;
}) {
  const sum = sumOf(bucket);
  if (sum === 0) return null;
  // A lone incident beside a burst of thousands still shows.
  const full = Math.max(3, (sum / highest) * (height - 4));
  let top = height - 1;
  return worstFirst.map((severity) => {
    const part = (bucket.counts[severity] / sum) * full;
    if (part === 0) return null;
    top -= part;
    return <rect key={severity} x={x} y={top} width={width} height={part} className={fills[severity]} />;
  });
}

function chartText(arrivals: readonly Bucket[], total: number, spanMs: number): string {
  const peak = arrivals.reduce<Bucket | null>(
    (best, each) => (best === null || sumOf(each) > sumOf(best) ? each : best),
    null,
  );
  if (!peak) return "No incidents to chart";
  return `${plural(total, "incident")} over time; most, ${sumOf(peak)}, around ${formatTick(peak.from, spanMs)}`;
}
