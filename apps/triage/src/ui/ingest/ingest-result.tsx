import type { IngestAnswer } from "../../contract/api.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { IncidentLinks } from "./incident-links.tsx";
import { ingestVerdict } from "./ingest-verdict.ts";

const maxRejected = 200;

interface IngestResultProps {
  readonly answer: IngestAnswer;
  readonly onFollow: () => void;
}

/** What became of a file, in words. */
export function IngestResult({ answer, onFollow }: IngestResultProps) {
  const { incidents, incidentsTotal, rejected, rejectedTotal } = answer;
  const total = answer.accepted + answer.duplicates + rejectedTotal;
  return (
    <div className="mt-2.5 space-y-2 border-line border-t pt-2.5 text-sm">
      <p>{ingestVerdict(answer)}</p>
      {incidents.length > 0 && <IncidentLinks names={incidents} total={incidentsTotal} onFollow={onFollow} />}
      {rejected.length > 0 && (
        <details open={rejected.length <= 5} className="rounded-md bg-critical-soft">
          <summary className="px-2.5 py-1.5 text-critical text-sm">
            {plural(rejectedTotal, "record")} rejected{rejectedTotal < total ? "; the rest went in" : ""}
          </summary>
          <ol className="max-h-48 space-y-1 overflow-y-auto px-2.5 pb-2 text-xs">
            {rejected.slice(0, maxRejected).map(({ position, reason }) => (
              <li key={position} className="flex gap-2">
                <span className="tnum w-20 shrink-0 text-ink-2">Record {formatCount(position)}</span>
                <Foreign text={reason} max={300} className="min-w-0" />
              </li>
            ))}
            {rejectedTotal > maxRejected && (
              <li className="text-ink-2">
                and {formatCount(rejectedTotal - Math.min(rejected.length, maxRejected))} more
              </li>
            )}
          </ol>
        </details>
      )}
    </div>
  );
}
