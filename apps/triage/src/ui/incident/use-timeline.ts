import { useCallback, useMemo, useState } from "react";
import { HttpClient } from "sessile/client";
import type { IncidentSession } from "../../contract/session.ts";
import { errorMessage } from "../api/http.ts";
import { useIncident } from "./session-context.ts";
import { entryOf, type IncidentEvent, type TimelineEntry, type TimelineGroup } from "./timeline-entry.ts";

export interface TimelineRow extends TimelineEntry {
  readonly event: IncidentEvent;
}

const pageEvents = 500;

/** The log, newest first: what the live window holds, and older pages as they are asked for. */
export function useTimeline(groups: ReadonlySet<TimelineGroup>) {
  const { name, session } = useIncident();
  const { events } = session;
  const [older, setOlder] = useState<readonly IncidentEvent[]>([]);
  const [isLoading, setLoading] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const firstLive = events[0]?.seq ?? 0;
  const firstSeq = older[0]?.seq ?? firstLive;
  const hasOlder = firstSeq > 1;

  const loadOlder = useCallback(async () => {
    setLoading(true);
    setError(null);
    try {
      const client = new HttpClient<IncidentSession>({ kind: "incident", name });
      const after = Math.max(0, firstSeq - 1 - pageEvents);
      const page = await client.readEvents({ after, limit: Math.min(pageEvents, firstSeq - 1 - after) });
      const before = page.items.filter(({ seq }) => seq < firstSeq);
      setOlder((held) => [...before, ...held]);
    } catch (thrown) {
      setError(errorMessage(thrown));
    } finally {
      setLoading(false);
    }
  }, [name, firstSeq]);

  const rows = useMemo(() => {
    const found: TimelineRow[] = [];
    const add = (event: IncidentEvent) => {
      const entry = entryOf(event);
      if (groups.has(entry.group)) found.push({ ...entry, event });
    };
    for (const event of older) if (event.seq < firstLive) add(event);
    for (const event of events) add(event);
    return found.reverse();
  }, [older, events, firstLive, groups]);

  return { rows, hasOlder, firstSeq, isLoading, error, loadOlder };
}
