import { Icon } from "../parts/icon.tsx";
import { Link } from "../router/link.tsx";
import { useIncidentInbox } from "./inbox-context.ts";

/** The way to what waits for a decision, and how much it is. */
export function InboxLink() {
  const inbox = useIncidentInbox();
  if (!inbox) return null;
  const { items, hasMore } = inbox;
  const count = items?.length ?? 0;
  return (
    <Link
      href="/inbox"
      title="What waits for a decision (g i)"
      className="mr-1 flex h-7 items-center gap-1.5 rounded-md px-2 text-ink-2 text-sm hover:bg-hover hover:text-ink"
    >
      <Icon name="inbox" />
      <span className="sr-only sm:not-sr-only">Inbox</span>
      {count > 0 && (
        <span
          data-count={count}
          className="tnum rounded-full bg-accent px-1.5 font-medium text-accent-ink text-xs"
        >
          {count}
          {hasMore && "+"}
        </span>
      )}
      {count > 0 && <span className="sr-only">{count === 1 ? "decision waits" : "decisions wait"}</span>}
    </Link>
  );
}
