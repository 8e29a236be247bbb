import type { IncidentRow } from "../../contract/api.ts";
import { type Severity, severities } from "../../domain/model/severity.ts";
import { api } from "../api/api.ts";
import { PagedList } from "../api/paged-list.ts";
import { type DirectoryChange, Feed } from "../live/feed.ts";
import { isStatus } from "../parts/status.tsx";
import { type Filters, queryOf } from "./filters.ts";

/** Changes are gathered for so long before the counters are read again. */
const pulseMs = 1_000;

/**
 * The queue's rows and its live line. It outlives the page, so that coming back from an incident finds the list, the place
 * in it and every change since.
 */
export class QueueStore {
  readonly feed = new Feed(
    (changes) => this.#apply(changes),
    () => this.refresh(),
  );
  /** Where the reader was, restored on return. */
  place = { scrollY: 0, active: -1 };
  readonly #listeners = new Set<() => void>();
  #list: PagedList<IncidentRow> | null = null;
  #key = "";
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.feed.start();
  }

  stop(): void {
    this.feed.stop();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The same list for the same filters. */
  listFor(filters: Filters): PagedList<IncidentRow> {
    const query = queryOf(filters);
    const key = JSON.stringify(query);
    if (this.#list && key === this.#key) return this.#list;
    if (this.#list) this.place = { scrollY: 0, active: -1 };
    this.#key = key;
    this.#list = new PagedList((cursor, signal) => api.incidents(query, cursor, signal));
    return this.#list;
  }

  /** Counts the moments at which the counters may have changed. */
  readonly getTurn = (): number => this.#turn;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Reads list and counters again. */
  readonly refresh = (): void => {
    this.#list?.reload();
    this.#tell();
  };

  #apply(changes: readonly DirectoryChange[]): void {
    const byName = new Map(changes.map((change) => [change.name, change]));
    this.#list?.patch((row) => {
      const change = byName.get(row.name);
      return change ? patched(row, change) : row;
    });
    this.#pulse();
  }

  #pulse(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, pulseMs);
  }

  #tell(): void {
    this.#turn += 1;
    for (const listener of this.#listeners) listener();
  }
}

/** Only what is there and well-formed; a row that is newer stays. */
function patched(row: IncidentRow, { status, title, updatedAt, facts }: DirectoryChange): IncidentRow {
  if (updatedAt < row.updatedAt) return row;
  const { severity, alerts, lastAt } = facts;
  return {
    ...row,
    ...(isStatus(status) ? { status } : {}),
    ...(typeof title === "string" && title !== "" ? { title } : {}),
    ...(isSeverity(severity) ? { severity } : {}),
    ...(typeof alerts === "number" ? { alerts } : {}),
    ...(typeof lastAt === "number" ? { lastAt } : {}),
    updatedAt,
  };
}

function isSeverity(value: unknown): value is Severity {
  return severities.some((severity) => severity === value);
}
