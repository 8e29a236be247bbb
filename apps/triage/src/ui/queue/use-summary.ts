import { useEffect, useSyncExternalStore } from "react";
import type { QueueSummary } from "../../contract/api.ts";
import { api } from "../api/api.ts";
import { type Resource, useResource } from "../api/use-resource.ts";
import { type Filters, queryOf } from "./filters.ts";
import type { QueueStore } from "./queue-store.ts";

const pollMs = 20_000;

/** Counters and chart, read again when the directory says something, on return to the page, and every 20 s. */
export function useSummary(store: QueueStore, filters: Filters): Resource<QueueSummary> {
  const turn = useSyncExternalStore(store.subscribe, store.getTurn);
  const query = { ...queryOf(filters), sort: null };
  const resource = useResource(`${JSON.stringify(query)}`, (signal) => api.summary(query, signal), {
    keepStale: true,
  });
  const { reload } = resource;

  useEffect(() => {
    if (turn > 0) reload();
  }, [turn, reload]);

  useEffect(() => {
    const look = () => document.visibilityState === "visible" && reload();
    const timer = setInterval(look, pollMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload]);

  return resource;
}

export function totalOf(summary: QueueSummary): number {
  return Object.values(summary.byStatus).reduce((sum, count) => sum + count, 0);
}
