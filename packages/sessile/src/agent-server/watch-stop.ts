import type { RunControl } from "../agent/run/run-control.ts";
import type { RunState } from "./run-state.ts";

/** How often a run that is in the middle of a step asks whether somebody wants it to end. */
export const stopPollMs = 1000;

/** Asks now and then, one question at a time: while the store is away they must not pile up. @returns what ends it */
export function watchStop(state: Pick<RunState, "askStop">, control: Pick<RunControl, "heed">): () => void {
  let isAsking = false;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      await state.askStop();
      control.heed();
    } catch {
      // The next question may be answered.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void ask(), stopPollMs);
  return () => clearInterval(timer);
}
