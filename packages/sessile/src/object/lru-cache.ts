/** What a cache has done since it was made, and what it holds. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly entries: number;
  /** As counted: two per character of key and JSON, and a fixed share per entry. */
  readonly bytes: number;
  readonly maxBytes: number;
}

interface Entry {
  readonly text: string;
  readonly bytes: number;
  readonly expiresAt: number;
}

const entryOverheadBytes = 64;

/**
 * Values by key under one byte bound: past it the least recently used goes. Values are kept as JSON, so that they can be
 * counted and no reader can change what the next one gets.
 */
export class LruCache {
  readonly #maxBytes: number;
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      entries: this.#entries.size,
      bytes: this.#bytes,
      maxBytes: this.#maxBytes,
    };
  }

  /** The value's JSON, or null if it is not there or too old. */
  get(key: string, now: number): string | null {
    const entry = this.#entries.get(key);
    if (entry && now >= entry.expiresAt) this.delete(key);
    else if (entry) {
      this.#hits += 1;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.text;
    }
    this.#misses += 1;
    return null;
  }

  /** A value larger than the whole bound is not kept. */
  set(key: string, text: string, expiresAt: number): void {
    this.delete(key);
    const bytes = 2 * (key.length + text.length) + entryOverheadBytes;
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { text, bytes, expiresAt });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
      this.#evictions += 1;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
