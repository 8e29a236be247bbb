import type { Citation } from "../../domain/analysis/analyser.ts";
import { Foreign } from "../parts/foreign.tsx";
import { useOpenRecord } from "./record-context.ts";

/** What a statement rests on; each opens its record at the field. */
export function CitationList({ citations }: { readonly citations: readonly Citation[] }) {
  const openRecord = useOpenRecord();
  if (citations.length === 0) return null;
  return (
    <ul aria-label="Evidence" className="mt-1.5 space-y-1">
      {citations.map(({ alertHash, field, excerpt }) => (
        <li key={`${alertHash} ${field} ${excerpt}`}>
          <button
            type="button"
            onClick={() => openRecord({ hash: alertHash, field, excerpt })}
            title="Show the record"
            className="flex w-full items-baseline gap-2 rounded bg-sunken px-2 py-1 text-left font-mono text-xs hover:bg-hover"
          >
            <span className="max-w-32 shrink-0 truncate text-ink-3">
              <Foreign text={field} max={80} />
            </span>
            <span className="line-clamp-2 min-w-0 text-ink-2">
              <Foreign text={excerpt} max={300} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
