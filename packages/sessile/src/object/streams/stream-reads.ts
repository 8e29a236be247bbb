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

/** Streams as they are shown: in ledger mode what the record does not hold is not there. */
export class StreamReads {
  readonly #table: StreamTable;
  readonly #visible: Visibility;
  readonly #readAfter: (after: number) => LogPage | Promise<LogPage>;
  /** By stream. The index knows every 32nd segment only: without these, each page of a stream would begin with what came before it. */
  readonly #bookmarks = new Map<string, Bookmark>();

  constructor(kernel: Kernel, visible: Visibility, readAfter: (after: number) => LogPage | Promise<LogPage>) {
    this.#table = new StreamTable(kernel.sql, kernel.definition.limits.maxRowBytes);
    this.#visible = visible;
    this.#readAfter = readAfter;
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

  /** Synchronous unless the chunks lie in the archive, which never has a stream's last ones. */
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
    const page = this.#readAfter(after);
    return page instanceof Promise
      ? page.then((read) => this.#collect(stream, offset, read))
      : this.#collect(stream, offset, page);
  }

  #collect(stream: StreamInfo, offset: number, page: LogPage): StreamBatch | Promise<StreamBatch> {
    const pages = segmentsIn(page.commits, stream).flatMap((segment) => shownPieces(stream, segment, offset));
    const last = pages.at(-1);
    const lastSeq = page.commits.at(-1)?.lastSeq;
    if (!last && page.more && lastSeq !== undefined) return this.#from(stream, offset, lastSeq);
    const next = nextShown(stream, last?.to ?? stream.tail);
    // Commits are read whole, so what follows lies behind this page; unless the page holds what `stream` does not show yet.
    if (next < stream.tail && lastSeq !== undefined) this.#bookmark(stream, next, lastSeq);
    return { pages, next, more: next < stream.tail };
  }
}
