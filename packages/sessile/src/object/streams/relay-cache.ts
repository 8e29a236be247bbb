import type { StreamPage } from "../../protocol/stream.ts";

/** The newest chunks of a stream, as many as memory is meant for. */
export class RelayCache {
  readonly #maxChars: number;
  readonly #pages: { readonly page: StreamPage; readonly chars: number }[] = [];
  #chars = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  add(page: StreamPage, chars: number): void {
    this.#pages.push({ page, chars });
    this.#chars += chars;
    while (this.#chars > this.#maxChars) this.#chars -= this.#pages.shift()?.chars ?? 0;
  }

  clear(): void {
    this.#pages.length = 0;
    this.#chars = 0;
  }

  /** Everything from an offset on; null if it does not reach back that far. */
  from(offset: number): StreamPage[] | null {
    const first = this.#pages[0];
    if (!first || first.page.at > offset) return null;
    return this.#pages.flatMap(({ page: { at, to, chunks } }) => {
      if (to <= offset) return [];
      return at >= offset ? { at, to, chunks } : { at: offset, to, chunks: chunks.slice(offset - at) };
    });
  }
}
