import { cx } from "../lib/class-names.ts";
import { formatBytes, formatCount } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Icon } from "../parts/icon.tsx";
import { type IngestJob, rateOf } from "./ingest-job.ts";
import { IngestResult } from "./ingest-result.tsx";

interface IngestJobItemProps {
  readonly job: IngestJob;
  /** A link of the result was followed. */
  readonly onFollow: () => void;
}

export function IngestJobItem({ job, onFollow }: IngestJobItemProps) {
  const { name, size, state, counts } = job;
  const rate = rateOf(job, Date.now());
  return (
    <li className="rounded-lg border border-line bg-surface p-3">
      <div className="flex items-baseline gap-2 text-sm">
        <span className="min-w-0 flex-1 truncate font-medium">
          <Foreign text={name} max={120} />
        </span>
        <span className="tnum shrink-0 text-ink-3 text-xs">
          {[
            ...(size > 0 ? [formatBytes(size)] : []),
            ...(rate !== null ? [`${formatCount(rate)} records/s`] : []),
          ].join(" · ")}
        </span>
      </div>
      <Progress job={job} />
      {state.is === "waiting" && <p className="text-ink-3 text-xs">Waits for the file before it.</p>}
      {state.is === "cancelled" && (
        <p className="text-ink-2 text-xs">Stopped. What was taken in before is kept.</p>
      )}
      {state.is === "failed" && (
        <p role="alert" className="flex gap-1.5 text-critical text-sm">
          <Icon name="alert" className="mt-0.5 size-4" />
          {state.error}
        </p>
      )}
      {(counts.records > 0 || state.is === "done") && (
        <dl className="mt-2 grid grid-cols-4 gap-2 text-xs">
          <Count label="Records" value={counts.records} />
          <Count label="Accepted" value={counts.accepted} />
          <Count label="Duplicates" value={counts.duplicates} />
          <Count label="Rejected" value={counts.rejected} isBad={counts.rejected > 0} />
        </dl>
      )}
      {state.is === "done" && <IngestResult answer={state.answer} onFollow={onFollow} />}
    </li>
  );
}

function Count({
  label,
  value,
  isBad = false,
}: {
  readonly label: string;
  readonly value: number;
  readonly isBad?: boolean;
}) {
  return (
    <div>
      <dt className="text-ink-3">{label}</dt>
      <dd className={cx("tnum font-medium text-base", isBad && "text-critical")}>{formatCount(value)}</dd>
    </div>
  );
}

function Progress({ job }: { readonly job: IngestJob }) {
  const { sent, size, state } = job;
  if (state.is !== "sending") return null;
  const share = size === 0 ? 0 : Math.min(1, sent / size);
  const isAllSent = size === 0 || sent >= size;
  return (
    <div className="my-2">
      <div
        role="progressbar"
        aria-label={`Progress of ${job.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(isAllSent ? {} : { "aria-valuenow": Math.round(share * 100) })}
        className="h-1.5 overflow-hidden rounded-full bg-line"
      >
        <div
          className={cx("h-full rounded-full transition-[width]", isAllSent ? "sweep w-full" : "bg-accent")}
          style={isAllSent ? undefined : { width: `${share * 100}%` }}
        />
      </div>
      <p className="tnum mt-1 text-ink-3 text-xs">
        {isAllSent
          ? "Sent; the server works through the rest"
          : `${formatBytes(sent)} of ${formatBytes(size)} sent`}
      </p>
    </div>
  );
}
