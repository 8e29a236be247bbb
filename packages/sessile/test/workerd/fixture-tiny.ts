import { callable, type Json, Session } from "sessile";

/** A kind whose limits are reached quickly, and that lets clients write the state but not the status. */
export class Tiny extends Session<unknown, { readonly text: string }> {
  readonly kind = "tiny";
  override readonly summaries = {};
  readonly initialState = { text: "" };
  override readonly workflow = { initial: "on", transitions: { on: ["off"], off: ["on"] } };
  override readonly clientWrites = { state: true, status: false, events: ["card.moved"] };
  override readonly snapshots = null;
  override readonly limits = {
    maxFrameChars: 300_000,
    maxPayloadChars: 260_000,
    maxStateChars: 1000,
    maxMailbox: 8,
    maxPageBytes: 2000,
    maxPeerBufferedBytes: 64 * 1024,
    maxRowBytes: 30_000,
    maxDepth: 16,
    maxWaitingPartBytes: 150,
  };
  override readonly cacheBytes = 1000;
  override readonly streamRetention = { endedMs: 100 };

  /** Loads take a turn, so that several ask for the same value at once. */
  readonly lookUp = callable(async (key: string, ttlMs: number, value: Json) => ({
    value: await this.cached(key, ttlMs, async () => {
      await scheduler.wait(20);
      return value;
    }),
    stats: this.cacheStats as unknown as Json,
  }));
}
