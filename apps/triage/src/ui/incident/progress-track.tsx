import type { Mark } from "../../contract/incident.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Panel } from "../parts/panel.tsx";
import { StatusMark, statusLabel } from "../parts/status.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { useIncident } from "./session-context.ts";

/** How far the incident is: who took each step, and when. */
export function ProgressTrack() {
  const { state, status } = useIncident();
  const { started, triaged, closed } = state;
  return (
    <Panel id="progress" title="Progress" note={statusLabel[status]}>
      <ol className="space-y-2.5 px-4 py-3 text-sm">
        <Step status="investigating" title="Investigation started" mark={started} next="Not started yet" />
        <Step status="triaged" title="Triaged" mark={triaged} next={triagedNext(status)} />
        <Step
          status="closed"
          title={closed ? `Closed: ${closed.decision || "decided"}` : "Closed"}
          mark={closed}
          next="Waits for a decision"
        />
        {closed && closed.comment !== "" && (
          <li className="rounded-md bg-sunken px-3 py-2 text-ink-2">
            <Foreign text={closed.comment} max={2_000} className="whitespace-pre-wrap" />
          </li>
        )}
      </ol>
    </Panel>
  );
}

function triagedNext(status: string): string {
  return status === "investigating" ? "The analysers are at work" : "Follows the investigation";
}

interface StepProps {
  readonly status: "investigating" | "triaged" | "closed";
  readonly title: string;
  readonly mark: Mark | null;
  readonly next: string;
}

function Step({ status, title, mark, next }: StepProps) {
  return (
    <li className="flex gap-2.5">
      <span className="pt-0.5">
        <StatusMark status={mark ? status : "new"} />
      </span>
      <span className="min-w-0">
        <span className={mark ? "block font-medium" : "block text-ink-2"}>
          <Foreign text={title} max={200} />
        </span>
        <span className="block text-ink-3 text-xs">
          {mark ? (
            <>
              <Foreign text={mark.by ?? "the session"} max={80} /> · <RelativeTime at={mark.at} />
            </>
          ) : (
            next
          )}
        </span>
      </span>
    </li>
  );
}
