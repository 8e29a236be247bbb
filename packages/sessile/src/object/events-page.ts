import type { Kernel } from "../kernel/index.ts";
import { SessileError } from "../protocol/error.ts";
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
  if (kernel.archive.holding(after))
    throw new SessileError(
      "not_found",
      `Events before ${kernel.archive.hotFrom} lie in the archive, which is read over HTTP and sockets.`,
      { currentVersion: kernel.archive.hotFrom - 1 },
    );
  const page = kernel.readAfter(after, limit);
  const key = sessionKeyOf(kind, name);
  return {
    events: page.commits.flatMap((stored) => eventsOf(JSON.parse(stored.body) as Commit, key, after)),
    more: page.more,
  };
}
