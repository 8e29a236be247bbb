import { maxRecentChars } from "../kernel/index.ts";
import { SessileError } from "../protocol/error.ts";
import { assertJson, type Json } from "../protocol/json.ts";
import type { Clock } from "./clock.ts";
import { type CacheStats, LruCache } from "./lru-cache.ts";

/** Ten megabytes with the end of the log, which is in the same memory at two bytes a character. */
export const defaultCacheBytes = 10 * 1024 * 1024 - 2 * maxRecentChars;

export interface LoadingCacheStats extends CacheStats {
  /** Loads that were begun; the other misses joined one that ran. */
  readonly loads: number;
}

type Load<T extends Json> = () => T | null | undefined | Promise<T | null | undefined>;

/**
 * Values that are dear to get, kept in the instance's memory: an eviction forgets them. Keys begin with `sess:` for what
 * belongs to this session alone and with `glob:` for what is the same everywhere, so that the two cannot meet.
 */
export class LoadingCache {
  readonly #cache: LruCache;
  readonly #clock: Pick<Clock, "now">;
  readonly #loading = new Map<string, Promise<Json | null>>();
  #loads = 0;

  constructor(maxBytes: number, clock: Pick<Clock, "now">) {
    this.#cache = new LruCache(maxBytes);
    this.#clock = clock;
  }

  get stats(): LoadingCacheStats {
    return { ...this.#cache.stats, loads: this.#loads };
  }

  /** Whoever asks while a value is loaded waits for the same load. Null, undefined and failures are asked for again. */
  async get<T extends Json>(key: string, ttlMs: number, load: Load<T>): Promise<T | null> {
    if (!/^(?:sess|glob):./.test(key)) {
      throw new SessileError("bad_request", "A cache key begins with sess: or glob:.", { field: "key" });
    }
    if (!(ttlMs > 0)) {
      throw new SessileError("bad_request", "A lifetime is a positive number of milliseconds.", {
        field: "ttlMs",
      });
    }
    const text = this.#cache.get(key, this.#clock.now());
    if (text !== null) return JSON.parse(text) as T;
    const running = this.#loading.get(key);
    if (running) return copyOf((await running) as T | null);
    const loading = this.#load(key, ttlMs, load);
    this.#loading.set(key, loading);
    try {
      return (await loading) as T | null;
    } finally {
      this.#loading.delete(key);
    }
  }

  async #load(key: string, ttlMs: number, load: Load<Json>): Promise<Json | null> {
    this.#loads += 1;
    const value = (await load()) ?? null;
    if (value === null) return null;
    assertJson(value, "cached value");
    this.#cache.set(key, JSON.stringify(value), this.#clock.now() + ttlMs);
    return value;
  }
}

/** Those who waited together must not share an object that one of them may change. */
function copyOf<T extends Json>(value: T | null): T | null {
  return JSON.parse(JSON.stringify(value)) as T | null;
}
