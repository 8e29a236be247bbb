import type { AnalyserState } from "../../contract/incident.ts";
import { plural } from "../lib/format-number.ts";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { analyserLabel } from "./analyser-label.ts";
import { FindingList } from "./finding-list.tsx";
import { ProgressMark } from "./progress-mark.tsx";
import { useIncident } from "./session-context.ts";
import { useIncidentCall } from "./use-incident-call.ts";

interface AnalyserItemProps {
  readonly name: string;
  readonly state: AnalyserState;
}

export function AnalyserItem({ name, state }: AnalyserItemProps) {
  const { status, pendingCalls } = useIncident();
  const call = useIncidentCall();
  const isRetrying = pendingCalls.some(({ method, args }) => method === "retryAnalysis" && args[0] === name);
  return (
    <li className="border-line border-b px-4 py-3 last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <ProgressMark status={state.status} />
        <h3 className="font-medium text-sm">{analyserLabel(name)}</h3>
        <span className="text-ink-3 text-xs">
          {state.status === "waiting" && "Waits"}
          {state.status === "running" && "Reading the evidence"}
          {state.status === "failed" && "Failed"}
          {state.status === "done" && plural(state.findings.length, "finding")}
        </span>
        <span className="ml-auto flex items-center gap-2 text-ink-3 text-xs">
          {(state.status === "done" || state.status === "failed") && <RelativeTime at={state.at} />}
          {state.status === "failed" && status !== "closed" && (
            <Button
              size="sm"
              icon="refresh"
              disabled={isRetrying}
              onClick={() => void call("Trying again", "retryAnalysis", name)}
            >
              Try again
            </Button>
          )}
        </span>
      </div>
      {state.status === "running" && (
        <div aria-hidden="true" className="sweep mt-2 h-0.5 rounded-full bg-line" />
      )}
      {state.status === "failed" && (
        <p className="mt-1 text-critical text-sm">
          <Foreign text={state.error} /> The other analysers are not affected.
        </p>
      )}
      {state.status === "done" && (
        <>
          <p className="mt-1 max-w-[80ch] text-ink-2 text-sm">
            <Foreign text={state.summary} max={600} />
          </p>
          <FindingList findings={state.findings} />
        </>
      )}
    </li>
  );
}
