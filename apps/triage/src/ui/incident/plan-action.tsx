import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import type { PlannedAction } from "../../contract/incident.ts";
import { cx } from "../lib/class-names.ts";
import { Button } from "../parts/button.tsx";
import { fieldClass } from "../parts/field.ts";
import { Foreign } from "../parts/foreign.tsx";
import { ActionDecision } from "./action-decision.tsx";
import { CitationList } from "./citation-list.tsx";
import { useIncident } from "./session-context.ts";
import { useIncidentCall } from "./use-incident-call.ts";

const risks = { low: "text-low", medium: "text-medium", high: "text-critical" };

export function PlanAction({ action }: { readonly action: PlannedAction }) {
  const { status, pendingCalls } = useIncident();
  const call = useIncidentCall();
  const id = useId();
  const ref = useRef<HTMLLIElement>(null);
  const [comment, setComment] = useState("");
  const [isCommenting, setCommenting] = useState(false);
  const pending = pendingCalls.find(({ method, args }) => method === "decideAction" && args[0] === action.id);
  const canDecide = action.decision === "waiting" && !pending && status !== "closed";

  const decide = (decision: "approved" | "rejected") => {
    if (!canDecide) return;
    // The buttons go, and must not take the focus with them.
    ref.current?.focus();
    const what = decision === "approved" ? "Approving" : "Rejecting";
    void call(what, "decideAction", action.id, decision, comment.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "a") decide("approved");
    else if (event.key === "r") decide("rejected");
    else if (event.key === "c") setCommenting(true);
    else return;
    event.preventDefault();
  };

  return (
    <li
      ref={ref}
      data-action={action.id}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys a and r decide on the focused action
      tabIndex={0}
      onKeyDown={onKeyDown}
      aria-labelledby={`${id}-title`}
      className="border-line border-b px-4 py-3 -outline-offset-2 last:border-b-0 focus-within:bg-hover/50 focus:bg-selected"
    >
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <h3 id={`${id}-title`} className="font-medium text-sm">
            <Foreign text={action.title} max={240} />
          </h3>
          <p className="mt-0.5 max-w-[76ch] text-ink-2 text-sm">
            <Foreign text={action.rationale} max={600} />
          </p>
          {action.citations && <CitationList citations={action.citations} />}
          <dl className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
            {action.by === "model" && <Fact term="Proposed by">the model</Fact>}
            <Fact term="Risk">
              <span className={cx("font-medium capitalize", risks[action.risk])}>{action.risk}</span>
            </Fact>
            <Fact term="Reversible">{action.reversible ? "Yes" : <b className="font-medium">No</b>}</Fact>
            <Fact term="Through">{action.integration}</Fact>
            <Fact term="When">
              <Foreign text={action.timeWindow} max={120} />
            </Fact>
          </dl>
          {action.targets.length > 0 && (
            <ul aria-label="Targets" className="mt-1.5 flex flex-wrap gap-1">
              {action.targets.map((target) => (
                <li
                  key={target}
                  className="max-w-72 truncate rounded border border-line bg-surface px-1.5 font-mono text-xs"
                >
                  <Foreign text={target} max={120} />
                </li>
              ))}
            </ul>
          )}
        </div>
        <div className="flex shrink-0 items-center gap-1.5">
          {canDecide ? (
            <>
              <Button look="good" size="sm" icon="check" hint="a" onClick={() => decide("approved")}>
                Approve
              </Button>
              <Button look="danger" size="sm" icon="close" hint="r" onClick={() => decide("rejected")}>
                Reject
              </Button>
            </>
          ) : (
            <ActionDecision action={action} pending={pending ? String(pending.args[1]) : null} />
          )}
        </div>
      </div>
      {canDecide &&
        (isCommenting ? (
          <input
            // biome-ignore lint/a11y/noAutofocus: somebody just asked for this field
            autoFocus
            aria-label={`Comment on: ${action.title}`}
            placeholder="Comment, sent with the decision"
            maxLength={2000}
            value={comment}
            onChange={(event) => setComment(event.target.value)}
            onKeyDown={(event) => {
              // Back to the action, where a and r decide.
              if (event.key === "Escape") ref.current?.focus();
            }}
            className={cx(fieldClass, "mt-2")}
          />
        ) : (
          <button
            type="button"
            onClick={() => setCommenting(true)}
            className="mt-1 rounded text-ink-3 text-xs hover:text-ink hover:underline"
          >
            Add a comment
          </button>
        ))}
    </li>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-ink-3">{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
