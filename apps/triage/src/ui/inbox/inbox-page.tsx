import { useRef } from "react";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { plural } from "../lib/format-number.ts";
import { useTitle } from "../lib/use-title.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ReadFailure } from "../parts/read-failure.tsx";
import { useIncidentInbox } from "./inbox-context.ts";
import { WaitingDecision } from "./inbox-item.tsx";

/** What waits for a person, across all incidents. */
export function InboxPage() {
  const inbox = useIncidentInbox();
  const listRef = useRef<HTMLUListElement>(null);
  useTitle("Inbox");
  const move = (by: number) => () => {
    const items = [...(listRef.current?.children ?? [])] as HTMLElement[];
    const focused = document.activeElement?.closest<HTMLElement>("li[data-gate]");
    const index = focused ? items.indexOf(focused) : -1;
    items[index < 0 ? 0 : Math.min(items.length - 1, Math.max(0, index + by))]?.focus();
  };
  useShortcuts({ j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1) });
  const { items = null, hasMore = false, error = null } = inbox ?? {};
  return (
    <main id="main" className="mx-auto max-w-[64rem] px-3 pt-4 pb-16 md:px-5">
      <div className="mb-3 flex items-baseline gap-2">
        <h1 className="font-semibold text-lg">Inbox</h1>
        <p role="status" className="text-ink-3 text-sm">
          {items && items.length > 0 && plural(items.length, "decision waits", "decisions wait")}
        </p>
      </div>
      <ReadFailure title="The inbox could not be read" error={error} onRetry={() => void inbox?.refresh()} />
      {inbox && items === null ? null : items && items.length > 0 ? (
        <ul
          ref={listRef}
          aria-label="Decisions that wait"
          className="rounded-lg border border-line bg-surface"
        >
          {items.map((item) => (
            <WaitingDecision key={`${item.name} ${item.gate.gateId}`} item={item} />
          ))}
        </ul>
      ) : (
        <EmptyState icon="check" title={inbox ? "Nothing waits for a decision" : "There is no inbox here"}>
          {inbox
            ? "When an investigation proposes actions, each of them waits here until somebody decides."
            : "This deployment runs on D1 alone: without sessions nothing is investigated."}
        </EmptyState>
      )}
      {hasMore && (
        <p className="mt-2 text-ink-3 text-sm">More wait than are shown. They follow as these are decided.</p>
      )}
    </main>
  );
}
