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
  for (let attempt = 0; ; attempt++) {
    try {
      return await store();
    } catch (thrown) {
      const isForNow = thrown instanceof SessileError && thrown.retryable;
      const isFinal = thrown instanceof SessileError || attempt + 1 >= maxAttempts;
      if (!isForNow && isFinal) throw thrown;
      if (!isForNow) failed(thrown);
      await scheduler.wait(isForNow ? retryMs : retryMs * 2 ** attempt);
    }
  }
}
