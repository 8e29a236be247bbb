import type { AgentState } from "../../contract/agents.ts";
import { plural } from "../lib/format-number.ts";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { costText } from "./agent-cost.ts";
import { AgentCode, AgentRefusals } from "./agent-trail.tsx";
import { analyserLabel } from "./analyser-label.ts";
import { FindingList } from "./finding-list.tsx";
import { ProgressMark } from "./progress-mark.tsx";

interface AgentItemProps {
  readonly name: string;
  readonly state: AgentState;
}

/** One agent: what its model made of the evidence, what it ran and tried on the way, and what that took. */
export function AgentItem({ name, state }: AgentItemProps) {
  return (
    <li className="border-line border-b px-4 py-3 last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <ProgressMark status={state.status} />
        <h3 className="font-medium text-sm">{analyserLabel(name)}</h3>
        <span className="text-ink-3 text-xs">{statusText(state)}</span>
        {state.status !== "running" && (
          <span className="tnum ml-auto flex items-center gap-2 text-ink-3 text-xs">
            <span>{costText(state.cost)}</span>
            <RelativeTime at={state.at} />
          </span>
        )}
      </div>
      {state.status === "running" ? (
        <div aria-hidden="true" className="sweep mt-2 h-0.5 rounded-full bg-line" />
      ) : (
        <>
          {state.conclusion && (
            <p className="mt-1 max-w-[80ch] text-ink-2 text-sm">
              {name === "synthesiser" ? (
                "Its account stands under Triage."
              ) : (
                <Foreign text={state.conclusion.text} max={1200} />
              )}
            </p>
          )}
          {state.error && (
            <p className="mt-1 text-critical text-sm">
              <Foreign text={state.error} /> What the analysers found stands.
            </p>
          )}
          <FindingList findings={state.findings} />
          <AgentCode runs={state.code} />
          <AgentRefusals refusals={state.refusals} />
        </>
      )}
    </li>
  );
}

function statusText(state: AgentState): string {
  if (state.status === "running") return "Thinks";
  if (state.status === "failed") return "No answer";
  const { findings, proposals } = state;
  if (proposals.length > 0) return plural(proposals.length, "proposal");
  return findings.length > 0 ? plural(findings.length, "finding") : "";
}
