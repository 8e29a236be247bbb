import type { Clock } from "../client/index.ts";

/** One render per frame of the screen is all anybody sees. */
export const frameMs = 16;

type Subscribe = (listener: () => void) => () => void;

/**
 * Passes the first notification on at once and gathers those of the next 16 ms into one. Hundreds of commits a second
 * then render sixty times, and a lone one without delay.
 */
export function coalesce(subscribe: Subscribe, clock: Clock): Subscribe {
  return (listener) => {
    let timer: unknown = null;
    let isDue = false;
    const quiet = () => {
      timer = null;
      if (!isDue) return;
      isDue = false;
      timer = clock.setTimeout(quiet, frameMs);
      listener();
    };
    const stop = subscribe(() => {
      if (timer !== null) {
        isDue = true;
        return;
      }
      timer = clock.setTimeout(quiet, frameMs);
      listener();
    });
    return () => {
      stop();
      if (timer !== null) clock.clearTimeout(timer);
    };
  };
}
