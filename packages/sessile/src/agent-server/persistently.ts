import { SessileError } from "../protocol/index.ts";

const retryMs = 1000;

/** Again and again while the store is away: a run whose step is done has nothing better to do. */
export async function persistently<T>(body: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await body();
    } catch (thrown) {
      if (!(thrown instanceof SessileError) || !thrown.retryable) throw thrown;
      await scheduler.wait(thrown.details.retryAfterMs ?? retryMs);
    }
  }
}
