import { type Severity, severityRank } from "../../domain/model/severity.ts";
import { cx } from "../lib/class-names.ts";

export const severityLabel: Readonly<Record<Severity, string>> = {
  critical: "Critical",
  high: "High",
  medium: "Medium",
  low: "Low",
};

const fills: Readonly<Record<Severity, string>> = {
  critical: "fill-bar-critical",
  high: "fill-bar-high",
  medium: "fill-bar-medium",
  low: "fill-bar-low",
};
const badges: Readonly<Record<Severity, string>> = {
  critical: "bg-critical-soft text-critical",
  high: "bg-high-soft text-high",
  medium: "bg-medium-soft text-medium",
  low: "bg-low-soft text-low",
};

/** Four steps, so that severity is read without its colour too. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  const rank = severityRank(severity);
  return (
    <svg viewBox="0 0 16 16" className="size-4 shrink-0" role="img" aria-label={severityLabel[severity]}>
      <title>{severityLabel[severity]}</title>
      {[1, 2, 3, 4].map((step) => (
        <rect
          key={step}
          x={step * 3.5 - 2}
          y={13 - step * 2.75}
          width="2.5"
          height={step * 2.75}
          rx="0.75"
          className={step <= rank ? fills[severity] : "fill-line-strong"}
        />
      ))}
    </svg>
  );
}

export function SeverityBadge({ severity }: { readonly severity: Severity }) {
  return (
    <span
      className={cx(
        "inline-flex h-5 items-center whitespace-nowrap rounded px-1.5 text-xs font-medium",
        badges[severity],
      )}
    >
      {severityLabel[severity]}
    </span>
  );
}
