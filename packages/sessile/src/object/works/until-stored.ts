import { SessileError } from "../../protocol/error.ts";

const retryMs = 1000;
/** Of what fails otherwise than for now: the last one after a minute. */
const maxAttempts = 7;

/**
 * For a commit that frees the session for what comes next: a store that is away for a while, or a disk that fails once, must not
 * keep the session busy for ever.
 *
 * @throws what refuses it for good
 */
export async function untilStored<T>(
  store: () => T | Promise<T>,
  failed: (thrown: unknown) => void,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await store();
    } catch (thrown) {
      if (thrown instanceof SessileError && thrown.retryable) {
        await scheduler.wait(retryMs);
        continue;
      }
      failures += 1;
      if (thrown instanceof SessileError || failures >= maxAttempts) throw thrown;
      failed(thrown);
      await scheduler.wait(retryMs * 2 ** (failures - 1));
    }
  }
}
