import {
  type Kernel,
  type LogPage,
  nextShown,
  StreamTable,
  segmentsIn,
  shownPieces,
} from "../../kernel/index.ts";
import type { StreamInfo, StreamPage } from "../../protocol/stream.ts";
import { openStream } from "../../protocol/view.ts";
import type { Clock } from "../clock.ts";
import type { Visibility } from "../visibility.ts";

/** Chunks of a stream as far as one page of the log has them. */
export interface StreamBatch {
  readonly pages: readonly StreamPage[];
  /** Where the next batch begins; the tail if there is no more. */
  readonly next: number;
  readonly more: boolean;
}

/** Where in the log a reader goes on who has read up to an offset. */
interface Bookmark {
  readonly openedSeq: number;
  readonly offset: number;
  readonly after: number;
}

/** Streams whose last reader's place is kept. */
const maxBookmarks = 64;
/** Pages of the log that are looked through before others have their turn. */
const pagesPerTurn = 16;

/** Streams as they are shown: in ledger mode what the record does not hold is not there. */
export class StreamReads {
  readonly #table: StreamTable;
  readonly #visible: Pick<Visibility, "view">;
  readonly #readAfter: (after: number) => LogPage | Promise<LogPage>;
  readonly #clock: Pick<Clock, "wait">;
  /** By stream. The index knows every 32nd segment only: without these, each page of a stream would begin with what came before it. */
  readonly #bookmarks = new Map<string, Bookmark>();

  constructor(
    kernel: Kernel,
    visible: Pick<Visibility, "view">,
    readAfter: (after: number) => LogPage | Promise<LogPage>,
    clock: Pick<Clock, "wait">,
  ) {
    this.#table = new StreamTable(kernel.sql, kernel.definition.limits.maxRowBytes);
    this.#visible = visible;
    this.#readAfter = readAfter;
    this.#clock = clock;
  }

  info(streamId: string): StreamInfo | null {
    const { view } = this.#visible;
    const open = openStream(view, streamId);
    if (open) return open;
    const closed = this.#table.closed(streamId);
    return closed && (closed.closedSeq ?? 0) <= view.lastSeq ? closed : null;
  }

  /** Streams by the order in which they were opened, newest first. */
  list(limit: number, before?: number): readonly StreamInfo[] {
    return this.#table.list(limit, before).flatMap(({ streamId }) => this.info(streamId) ?? []);
  }

  /** Synchronous unless the chunks lie in the archive, or far from where the index says that they might. */
  read(stream: StreamInfo, offset: number): StreamBatch | Promise<StreamBatch> {
    const from = nextShown(stream, offset);
    if (from >= stream.tail) return { pages: [], next: Math.max(offset, stream.tail), more: false };
    return this.#from(stream, from, this.#bookmarked(stream, from) ?? this.#table.seek(stream, from) - 1);
  }

  /** Another log has taken this one's place. */
  restart(): void {
    this.#bookmarks.clear();
  }

  #bookmarked({ streamId, openedSeq }: StreamInfo, offset: number): number | null {
    const bookmark = this.#bookmarks.get(streamId);
    return bookmark?.openedSeq === openedSeq && bookmark.offset === offset ? bookmark.after : null;
  }

  #bookmark({ streamId, openedSeq }: StreamInfo, offset: number, after: number): void {
    this.#bookmarks.delete(streamId);
    this.#bookmarks.set(streamId, { openedSeq, offset, after });
    const [oldest] = this.#bookmarks.keys();
    if (this.#bookmarks.size > maxBookmarks && oldest !== undefined) this.#bookmarks.delete(oldest);
  }

  #from(stream: StreamInfo, offset: number, after: number): StreamBatch | Promise<StreamBatch> {
    let cursor = after;
    for (let pages = 0; pages < pagesPerTurn; pages++) {
      const page = this.#readAfter(cursor);
      if (page instanceof Promise)
        return page.then((read) => {
          const found = this.#collect(stream, offset, read);
          return typeof found === "number" ? this.#from(stream, offset, found) : found;
        });
      const found = this.#collect(stream, offset, page);
      if (typeof found !== "number") return found;
      cursor = found;
    }
    return this.#clock.wait(0).then(() => this.#from(stream, offset, cursor));
  }

  /** What a page has of a stream; the seq to go on after if it is nothing. */
  #collect(stream: StreamInfo, offset: number, page: LogPage): StreamBatch | number {
    const pages = segmentsIn(page.commits, stream).flatMap((segment) => shownPieces(stream, segment, offset));
    const last = pages.at(-1);
    const lastSeq = page.commits.at(-1)?.lastSeq;
    if (!last && page.more && lastSeq !== undefined) return lastSeq;
    const next = nextShown(stream, last?.to ?? stream.tail);
    // Commits are read whole, so what follows lies behind this page; unless the page holds what `stream` does not show yet.
    if (next < stream.tail && lastSeq !== undefined) this.#bookmark(stream, next, lastSeq);
    return { pages, next, more: next < stream.tail };
  }
}
