import { useRef, useState } from "react";
import { usePagedList } from "../api/use-paged-list.ts";
import { formatCount, plural } from "../lib/format-number.ts";
import { useIsWide } from "../lib/use-media-query.ts";
import { useTitle } from "../lib/use-title.ts";
import { Button } from "../parts/button.tsx";
import { ReadFailure } from "../parts/read-failure.tsx";
import { useApp } from "../shell/app-context.ts";
import { ArrivalsChart } from "./arrivals-chart.tsx";
import { FeedState } from "./feed-state.tsx";
import { FilterChips } from "./filter-chips.tsx";
import { FilterMenu } from "./filter-menu.tsx";
import { hasFilters } from "./filters.ts";
import { IncidentList, RowSkeleton } from "./incident-list.tsx";
import { QueueEmpty } from "./queue-empty.tsx";
import { SearchField } from "./search-field.tsx";
import { SortMenu } from "./sort-menu.tsx";
import { StatusTabs } from "./status-tabs.tsx";
import { useFilters } from "./use-filters.ts";
import { useQueueKeys } from "./use-queue-keys.ts";
import { useQueuePlace } from "./use-queue-place.ts";
import { totalOf, useSummary } from "./use-summary.ts";

const skeletonRows = Array.from({ length: 12 }, (_, index) => index);

export function QueuePage() {
  const { queue, config } = useApp();
  const { filters, setFilters, text, setText, clear } = useFilters();
  const list = queue.listFor(filters);
  const { items, total, error, isStale } = usePagedList(list);
  const summary = useSummary(queue, filters);
  const counters = useSummary(queue, { ...filters, status: [] });
  const isWide = useIsWide();
  const [isFilterOpen, setFilterOpen] = useState(false);
  const searchRef = useRef<HTMLInputElement>(null);
  useTitle("Queue");

  const { boxRef, active, setActive, refresh } = useQueuePlace(list);
  useQueueKeys({
    items,
    active,
    setActive,
    searchRef,
    openFilter: () => setFilterOpen(true),
    clear,
    refresh,
  });

  const arrived = summary.data && total !== null && !isStale ? totalOf(summary.data) - total : 0;
  const isEmpty = total === 0;

  return (
    <main id="main" className="mx-auto max-w-[100rem] pb-16 md:px-5">
      <div className="flex items-baseline gap-3 px-3 pt-4 pb-3 md:px-0">
        <h1 className="font-semibold text-xl">Queue</h1>
        <p className="tnum text-ink-2 text-sm" aria-live="polite">
          {total !== null && plural(total, "incident")}
        </p>
        <span className="ml-auto">{config.state === "state-3-do" && <FeedState feed={queue.feed} />}</span>
      </div>
      {summary.data && summary.data.arrivals.length > 0 && (
        <div className="mb-3 rounded-lg border-line bg-surface px-3 py-3 max-md:border-y max-md:rounded-none md:border md:px-4">
          <ArrivalsChart summary={summary.data} />
        </div>
      )}
      <div className="top-12 z-20 flex flex-wrap items-center gap-2 bg-canvas px-3 py-2 md:sticky md:h-14 md:px-0">
        <StatusTabs filters={filters} onChange={setFilters} summary={counters.data} />
        <div className="flex min-w-0 flex-1 items-center justify-end gap-2 max-md:basis-full">
          <SearchField value={text} onChange={setText} inputRef={searchRef} />
          <FilterMenu
            filters={filters}
            onChange={setFilters}
            open={isFilterOpen}
            onOpenChange={setFilterOpen}
          />
          <SortMenu sort={filters.sort} onChange={(sort) => setFilters({ ...filters, sort })} />
        </div>
      </div>
      <div className="empty:hidden max-md:px-3 pb-2">
        <FilterChips filters={filters} onChange={setFilters} onClear={clear} />
      </div>
      {arrived > 0 && <NewIncidents count={arrived} onShow={refresh} />}
      <ReadFailure title="The list could not be read" error={error} onRetry={list.retry} />
      <div
        ref={boxRef}
        className="border-line bg-surface max-md:border-t md:rounded-lg md:border"
        aria-busy={total === null || isStale}
      >
        {isEmpty && <QueueEmpty isFiltered={hasFilters(filters)} onClear={clear} />}
        {total === null &&
          !error &&
          skeletonRows.map((row) => <RowSkeleton key={row} index={row} isWide={isWide} />)}
        {total !== null && total > 0 && (
          <IncidentList items={items} total={total} isWide={isWide} active={active} onWant={list.want} />
        )}
      </div>
    </main>
  );
}

interface NewIncidentsProps {
  readonly count: number;
  readonly onShow: () => void;
}

function NewIncidents({ count, onShow }: NewIncidentsProps) {
  return (
    <div className="sticky top-26 z-20 flex h-0 justify-center">
      <Button look="primary" size="sm" icon="refresh" onClick={onShow} className="rounded-full shadow-float">
        {formatCount(count)} new {count === 1 ? "incident" : "incidents"}
      </Button>
    </div>
  );
}
