import type { TriageCard } from "../../contract/incident.ts";
import { Foreign } from "../parts/foreign.tsx";
import { CitationList } from "./citation-list.tsx";

/** A model's account of the incident, named as one, and what its rating did to the verdict. */
export function NarrativeText({ card }: { readonly card: TriageCard }) {
  const { narrative, severity, severityBy } = card;
  if (!narrative) return null;
  const { text, citations, model } = narrative;
  return (
    <div className="rounded-md border border-line bg-canvas px-3 py-2.5">
      <h3 className="mb-1 font-medium text-ink-3 text-xs">
        As the model tells it (<Foreign text={model} max={80} />)
      </h3>
      <p className="max-w-[92ch] text-sm">
        <Foreign text={text} max={2500} />
      </p>
      {severityBy === "model" && (
        <p className="mt-1 text-ink-2 text-xs">
          It rates this {narrative.severity}, above what the analysers found.
        </p>
      )}
      {narrative.severity !== severity && (
        <p className="mt-1 text-ink-2 text-xs">
          It rates this {narrative.severity}. The verdict stays {severity}: a model lowers nothing.
        </p>
      )}
      <CitationList citations={citations} />
    </div>
  );
}
