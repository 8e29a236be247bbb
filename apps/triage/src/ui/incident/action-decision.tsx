import type { Decision, PlannedAction } from "../../contract/incident.ts";
import { cx } from "../lib/class-names.ts";
import { Foreign } from "../parts/foreign.tsx";
import { Icon } from "../parts/icon.tsx";
import { RelativeTime } from "../parts/time.tsx";

const words: Readonly<Record<Decision, string>> = {
  waiting: "Not decided",
  approved: "Approved",
  rejected: "Rejected",
  expired: "Lapsed undecided",
};
const colours: Readonly<Record<Decision, string>> = {
  waiting: "text-ink-3",
  approved: "text-good",
  rejected: "text-critical",
  expired: "text-ink-3",
};

interface ActionDecisionProps {
  readonly action: PlannedAction;
  /** The answer on its way, if one is. */
  readonly pending: string | null;
}

export function ActionDecision({ action, pending }: ActionDecisionProps) {
  const { decision, decided, comment } = action;
  if (pending !== null && decision === "waiting") {
    return <span className="text-ink-2 text-xs">{pending === "approved" ? "Approving…" : "Rejecting…"}</span>;
  }
  return (
    <div className="max-w-56 text-right text-xs">
      <p className={cx("inline-flex items-center gap-1 font-medium text-sm", colours[decision])}>
        {decision === "approved" && <Icon name="check" className="size-3.5" />}
        {decision === "rejected" && <Icon name="close" className="size-3.5" />}
        {words[decision]}
      </p>
      {decided && (
        <p className="text-ink-3">
          {decided.by !== null && (
            <>
              <Foreign text={decided.by} max={80} /> ·{" "}
            </>
          )}
          <RelativeTime at={decided.at} />
        </p>
      )}
      {comment && (
        <p className="mt-0.5 text-ink-2">
          “<Foreign text={comment} max={300} />”
        </p>
      )}
    </div>
  );
}
