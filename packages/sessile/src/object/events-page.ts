import type { Kernel } from "../kernel/index.ts";
import { type Commit, eventsOf, type SessionEvent } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { defaultLimits } from "../protocol/limits.ts";

export interface EventsPage {
  readonly events: readonly SessionEvent[];
  readonly more: boolean;
}

/** Events after `after`, one page, as a session's own code reads them. */
export function readEventsPage(
  kernel: Kernel,
  { after = 0, limit = defaultLimits.maxPageEvents }: { readonly after?: number; readonly limit?: number },
): EventsPage {
  const { kind, name } = kernel.committedView;
  const page = kernel.readAfter(after, limit);
  const key = sessionKeyOf(kind, name);
  return {
    events: page.commits.flatMap((stored) => eventsOf(JSON.parse(stored.body) as Commit, key, after)),
    more: page.more,
  };
}
