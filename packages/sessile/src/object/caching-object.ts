import { DurableObject } from "cloudflare:workers";
import type { Json } from "../protocol/json.ts";
import { defaultCacheBytes, LoadingCache, type LoadingCacheStats } from "./cached.ts";
import { platformClock } from "./clock.ts";

/** A Durable Object that keeps values which are dear to get in its memory. */
export abstract class CachingObject<Env> extends DurableObject<Env> {
  /** What all cached values of this instance may take together. */
  readonly cacheBytes: number = defaultCacheBytes;
  #cache: LoadingCache | null = null;

  /** Since the instance woke: hits, misses, loads, evictions, and the bytes held. */
  get cacheStats(): LoadingCacheStats {
    return this.#values.stats;
  }

  /**
   * The value of `key`, loaded at most once in `ttlMs` as long as the instance lives and the value is not driven out. Keys
   * begin with `sess:` for what is this session's own, and with `glob:` for what is the same everywhere.
   *
   *     const rules = await this.cached("glob:transfer-rules", 10 * 60_000, () => fetchRules());
   */
  cached<T extends Json>(
    key: string,
    ttlMs: number,
    load: () => T | null | undefined | Promise<T | null | undefined>,
  ): Promise<T | null> {
    return this.#values.get(key, ttlMs, load);
  }

  /** Made on first use, when the subclass's fields are set. */
  get #values(): LoadingCache {
    this.#cache ??= new LoadingCache(this.cacheBytes, platformClock);
    return this.#cache;
  }
}
