import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { formatPercent } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Notice } from "../parts/notice.tsx";
import { Panel } from "../parts/panel.tsx";
import { SeverityBadge } from "../parts/severity.tsx";
import { costText, totalCost } from "./agent-cost.ts";
import { analyserLabel } from "./analyser-label.ts";
import { NarrativeText } from "./narrative-text.tsx";
import { useIncident } from "./session-context.ts";
import { TriageReasons } from "./triage-reasons.tsx";

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
  const sure = Math.round(card.confidence * 100);
  const agents = Object.entries(state.agents ?? {});
  const costs = agents.flatMap(([, agent]) => (agent.status === "running" ? [] : agent.cost));
  const silent = agents.flatMap(([name, { status: each }]) => (each === "failed" ? analyserLabel(name) : []));
  return (
    <Panel
      id="triage"
      title="Triage"
      note={
        costs.length === 0 ? undefined : (
          <span className="tnum" title="What the agents have used: tokens, money, time">
            {costText(totalCost(costs))}
          </span>
        )
      }
    >
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
        {silent.length > 0 && (
          <Notice tone="warn">
            The model gave no answer to {silent.join(", ")}: the verdict rests on the analysers.
          </Notice>
        )}
        <NarrativeText card={card} />
        <TriageReasons card={card} analysers={state.analysers} />
      </div>
    </Panel>
  );
}
