import { formatCompact, plural } from "../lib/format-number.ts";

/** Alerts on a scale of powers of ten: 100,000 fill the bar. */
export function AlertCount({ count }: { readonly count: number }) {
  const share = Math.min(1, Math.log10(Math.max(1, count) + 1) / 5);
  return (
    <span className="inline-flex items-center gap-2" title={plural(count, "alert")}>
      <span className="h-1 w-12 overflow-hidden rounded-full bg-line" aria-hidden="true">
        <span
          className="block h-full rounded-full bg-ink-3"
          style={{ width: `${Math.max(4, share * 100)}%` }}
        />
      </span>
      <span className="tnum">{formatCompact(count)}</span>
      <span className="sr-only">{count === 1 ? "alert" : "alerts"}</span>
    </span>
  );
}
