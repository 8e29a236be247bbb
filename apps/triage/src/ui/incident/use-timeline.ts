import type { SIRTSession } from "@sessions/incident";
import { useCallback, useMemo, useState } from "react";
import { HttpClient } from "sessile/client";
import { errorMessage } from "../api/http.ts";
import { readEarlier } from "./read-earlier.ts";
import { useIncident } from "./session-context.ts";
import {
  alertsTaken,
  entryOf,
  type IncidentEvent,
  type TimelineEntry,
  type TimelineGroup,
} from "./timeline-entry.ts";

export interface TimelineRow extends TimelineEntry {
  readonly event: IncidentEvent;
  /** Of the first event, where a row stands for several. */
  readonly firstSeq: number;
}

const pageEvents = 500;

/** Alerts come in hundreds at a time; one row says how many came in a row. */
function mergedTaking(before: TimelineRow, event: IncidentEvent): TimelineRow | null {
  if (before.event.type !== "alerts.attached" || event.type !== "alerts.attached") return null;
  const count = (before.count ?? 0) + event.payload.count;
  return { ...before, event, count, text: alertsTaken(count) };
}

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
      const client = new HttpClient<SIRTSession>({ kind: "incident", name });
      const earlier = await readEarlier(client, firstSeq, pageEvents);
      setOlder((held) => [...earlier, ...held]);
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
      if (!groups.has(entry.group)) return;
      const before = found.at(-1);
      const merged = before && mergedTaking(before, event);
      if (merged) found[found.length - 1] = merged;
      else found.push({ ...entry, event, firstSeq: event.seq });
    };
    for (const event of older) if (event.seq < firstLive) add(event);
    for (const event of events) add(event);
    return found.reverse();
  }, [older, events, firstLive, groups]);

  return { rows, hasOlder, firstSeq, isLoading, error, loadOlder };
}
