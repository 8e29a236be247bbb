import type { IncidentState, TriageCard } from "../../contract/incident.ts";
import { Foreign } from "../parts/foreign.tsx";
import { ReasonItem } from "./reason-item.tsx";

interface TriageReasonsProps {
  readonly card: TriageCard;
  readonly analysers: IncidentState["analysers"];
}

/** What the verdict rests on, and what to do first. */
export function TriageReasons({ card, analysers }: TriageReasonsProps) {
  const titles = Object.values(analysers).flatMap((analyser) =>
    analyser.status === "done" ? analyser.findings.map(({ title }) => title) : [],
  );
  return (
    <div className="grid gap-x-8 gap-y-4 xl:grid-cols-[minmax(0,1fr)_18rem]">
      <div className="min-w-0">
        <h3 className="mb-1.5 font-medium text-ink-3 text-xs">Why</h3>
        <ul className="space-y-2.5 text-sm">
          {card.reasons.map((reason) => (
            <ReasonItem key={reason.text} reason={reason} titles={titles} />
          ))}
        </ul>
      </div>
      {card.recommendedActions.length > 0 && (
        <div>
          <h3 className="mb-1.5 font-medium text-ink-3 text-xs">Recommended first</h3>
          <ol className="list-outside list-decimal space-y-1 pl-4 text-sm marker:text-ink-3">
            {card.recommendedActions.map((action) => (
              <li key={action}>
                <Foreign text={action} max={240} />
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}
