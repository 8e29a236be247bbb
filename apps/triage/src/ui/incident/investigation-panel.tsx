import type { AnalyserState } from "../../contract/incident.ts";
import { analyserNames } from "../../domain/analysis/analyser.ts";
import { plural } from "../lib/format-number.ts";
import { Panel } from "../parts/panel.tsx";
import { AnalyserItem } from "./analyser-item.tsx";
import { useIncident } from "./session-context.ts";

/** The analysers, each with what it found as soon as it found it. */
export function InvestigationPanel() {
  const { state, status } = useIncident();
  const known = Object.keys(state.analysers);
  const names = [
    ...analyserNames.filter((name) => known.includes(name)),
    ...known.filter((name) => !(analyserNames as readonly string[]).includes(name)),
  ];
  if (status === "new" || names.length === 0) return null;
  const states = Object.values(state.analysers);
  const done = states.filter(({ status: each }) => each === "done" || each === "failed").length;
  const findings = states.reduce((sum, each) => sum + findingsOf(each), 0);
  return (
    <Panel
      id="investigation"
      title="Investigation"
      note={
        <span aria-live="polite">
          {done < states.length ? `${done} of ${states.length} analysers done` : plural(findings, "finding")}
        </span>
      }
    >
      <ul>
        {names.map((name) => {
          const each = state.analysers[name];
          return each && <AnalyserItem key={name} name={name} state={each} />;
        })}
      </ul>
    </Panel>
  );
}

function findingsOf(state: AnalyserState): number {
  return state.status === "done" ? state.findings.length : 0;
}
