import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { formatPercent } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Notice } from "../parts/notice.tsx";
import { Panel } from "../parts/panel.tsx";
import { SeverityBadge } from "../parts/severity.tsx";
import { analyserLabel } from "./analyser-label.ts";
import { ReasonItem } from "./reason-item.tsx";
import { useIncident } from "./session-context.ts";

/** The verdict, how sure it is, and why. */
export function TriagePanel() {
  const { state, status } = useIncident();
  const { card } = state;
  if (!card) {
    return (
      <Panel id="triage" title="Triage">
        <p className="px-4 py-5 text-ink-2 text-sm">
          {status === "new"
            ? "Nobody has looked into this incident yet. Four analysers read its evidence, and their verdict and a plan appear here."
            : "The verdict follows as soon as the analysers are done."}
        </p>
      </Panel>
    );
  }
  const titles = Object.values(state.analysers).flatMap((analyser) =>
    analyser.status === "done" ? analyser.findings.map(({ title }) => title) : [],
  );
  const sure = Math.round(card.confidence * 100);
  return (
    <Panel id="triage" title="Triage">
      <div className="space-y-4 p-4">
        <div className="flex flex-wrap items-center gap-x-5 gap-y-2 text-sm">
          <SeverityBadge severity={card.severity} />
          <span>{incidentTypeLabel(card.type)}</span>
          <span className="flex items-center gap-2">
            <span className="text-ink-3">Confidence</span>
            <meter min={0} max={100} value={sure} aria-label="Confidence" className="sr-only">
              {formatPercent(card.confidence)}
            </meter>
            <span aria-hidden="true" className="h-1.5 w-24 overflow-hidden rounded-full bg-line">
              <span className="block h-full rounded-full bg-accent" style={{ width: `${sure}%` }} />
            </span>
            <b className="tnum font-medium">{formatPercent(card.confidence)}</b>
          </span>
        </div>
        <p className="max-w-prose font-medium text-base">
          <Foreign text={card.summary} max={600} />
        </p>
        {card.missing.length > 0 && (
          <Notice tone="warn">
            Without {card.missing.map(analyserLabel).join(", ")}: the verdict rests on the rest.
          </Notice>
        )}
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
      </div>
    </Panel>
  );
}
