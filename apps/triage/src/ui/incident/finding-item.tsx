import type { Finding } from "../../domain/analysis/analyser.ts";
import { formatPercent, plural } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Icon } from "../parts/icon.tsx";
import { SeverityMark } from "../parts/severity.tsx";
import { CitationList } from "./citation-list.tsx";

/** One finding: its title and weight at a glance, the detail and its evidence on opening. */
export function FindingItem({ finding }: { readonly finding: Finding }) {
  const { title, severity, confidence, technique, detail, citations } = finding;
  return (
    <li>
      <details className="group rounded-md border border-line bg-canvas" open={severity === "critical"}>
        <summary className="flex list-none items-center gap-2 px-2.5 py-1.5 text-sm hover:bg-hover [&::-webkit-details-marker]:hidden">
          <Icon
            name="chevronRight"
            className="size-3.5 text-ink-3 transition-transform group-open:rotate-90"
          />
          <SeverityMark severity={severity} />
          <span className="min-w-0 flex-1 font-medium">
            <Foreign text={title} max={240} />
          </span>
          {technique && <span className="hidden font-mono text-ink-3 text-xs sm:inline">{technique}</span>}
          <span className="tnum text-ink-2 text-xs" title="How sure the analyser is">
            {formatPercent(confidence)}
          </span>
        </summary>
        <div className="border-line border-t px-2.5 py-2 pl-8 text-sm">
          <p className="max-w-[80ch] text-ink-2">
            <Foreign text={detail} max={2_000} />
          </p>
          {citations.length > 0 && (
            <p className="mt-2 text-ink-3 text-xs">{plural(citations.length, "citation")}</p>
          )}
          <CitationList citations={citations} />
        </div>
      </details>
    </li>
  );
}
