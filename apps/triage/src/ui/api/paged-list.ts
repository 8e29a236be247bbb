import { isAbort } from "./http.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  readonly total: number;
}

export interface PagedSnapshot<Item> {
  readonly items: readonly Item[];
  /** Null until the first page is there. */
  readonly total: number | null;
  readonly isLoading: boolean;
  readonly error: unknown;
}

type Fetch<Item> = (cursor: string | null, signal: AbortSignal) => Promise<Page<Item>>;

/** Rows fetched beyond the one that is looked at. */
const ahead = 100;

/**
 * A long list behind a cursor. It fetches in order, page after page, until it reaches the row somebody looks at, so that a
 * list of `total` rows can be shown at once and scrolled anywhere.
 */
export class PagedList<Item> {
  readonly #fetch: Fetch<Item>;
  readonly #listeners = new Set<() => void>();
  #snapshot: PagedSnapshot<Item> = { items: [], total: null, isLoading: false, error: null };
  #cursor: string | null = null;
  #hasMore = true;
  #wanted = 0;
  #abort: AbortController | null = null;

  constructor(fetch: Fetch<Item>) {
    this.#fetch = fetch;
  }

  readonly getSnapshot = (): PagedSnapshot<Item> => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#fill();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#abort?.abort();
      this.#abort = null;
      this.#set({ isLoading: false });
    };
  };

  /** Row `index` is looked at: fetches up to it, also after a reload. */
  readonly want = (index: number): void => {
    this.#wanted = index;
    this.#fill();
  };

  readonly retry = (): void => {
    this.#set({ error: null });
    this.#fill();
  };

  /** Starts over; the rows shown stay until the first page is there. */
  readonly reload = (): void => {
    this.#abort?.abort();
    this.#abort = null;
    this.#cursor = null;
    this.#hasMore = true;
    this.#set({ error: null });
    this.#fill();
  };

  /** Changes loaded rows in place; `change` returns the same row where nothing changes. */
  patch(change: (item: Item) => Item): void {
    let isChanged = false;
    const items = this.#snapshot.items.map((item) => {
      const next = change(item);
      if (next !== item) isChanged = true;
      return next;
    });
    if (isChanged) this.#set({ items });
  }

  #fill(): void {
    const { items, error, total } = this.#snapshot;
    if (this.#abort || error || !this.#hasMore || this.#listeners.size === 0) return;
    const isFirst = this.#cursor === null;
    if (!isFirst && total !== null && items.length > this.#wanted + ahead) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ isLoading: true });
    this.#fetch(this.#cursor, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        this.#abort = null;
        this.#cursor = page.nextCursor;
        this.#hasMore = page.hasMore && page.nextCursor !== null;
        const merged = isFirst ? page.items : [...this.#snapshot.items, ...page.items];
        // Rows may have come or gone since the first page; at the end the list itself knows best.
        const count = this.#hasMore ? Math.max(page.total, merged.length) : merged.length;
        this.#set({ items: merged, total: count, isLoading: false });
        this.#fill();
      },
      (thrown: unknown) => {
        if (abort.signal.aborted || isAbort(thrown)) return;
        this.#abort = null;
        this.#set({ error: thrown, isLoading: false });
      },
    );
  }

  #set(change: Partial<PagedSnapshot<Item>>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}
