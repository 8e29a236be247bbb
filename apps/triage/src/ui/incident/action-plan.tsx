import { useRef } from "react";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { Panel } from "../parts/panel.tsx";
import { PlanAction } from "./plan-action.tsx";
import { useIncident } from "./session-context.ts";

/** What to do; nothing is done before a person approves it. */
export function ActionPlan() {
  const { state } = useIncident();
  const listRef = useRef<HTMLOListElement>(null);
  const move = (by: number) => () => {
    const items = [...(listRef.current?.children ?? [])] as HTMLElement[];
    const focused = document.activeElement?.closest<HTMLElement>("li[data-action]");
    const index = focused ? items.indexOf(focused) : -1;
    items[index < 0 ? 0 : Math.min(items.length - 1, Math.max(0, index + by))]?.focus();
  };
  useShortcuts({ j: move(1), k: move(-1) }, state.plan !== null);
  const { plan } = state;
  if (!plan) return null;
  const waiting = plan.filter(({ decision }) => decision === "waiting").length;
  return (
    <Panel
      id="plan"
      title="Action plan"
      note={waiting > 0 ? `${waiting} of ${plan.length} wait for a decision` : "All decided"}
    >
      {plan.length === 0 ? (
        <p className="px-4 py-4 text-ink-2 text-sm">
          The playbook has no action for what the evidence names.
        </p>
      ) : (
        <ol ref={listRef}>
          {plan.map((action) => (
            <PlanAction key={action.id} action={action} />
          ))}
        </ol>
      )}
    </Panel>
  );
}
