import type { Gate, GateOutcome } from "../protocol/index.ts";

export interface ShownGate extends Gate {
  readonly outcome: GateOutcome | null;
}

export interface GatePage {
  readonly items: readonly ShownGate[];
  readonly nextCursor: string | null;
}

/**
 * The gates that wait, then those that are settled, newest first and at least the last thousand of all. Pages begin with the oldest gate:
 * the first call follows them to their end, later ones from the last but one.
 */
export function newestGates(get: (path: string) => Promise<GatePage>): () => Promise<readonly ShownGate[]> {
  let start = "0";
  const pageAt = (cursor: string) => get(`/gates?limit=1000&cursor=${cursor}`);
  return async () => {
    let last = await pageAt(start);
    let listed = last.items;
    for (let at = start; last.nextCursor !== null; ) {
      [start, at] = [at, last.nextCursor];
      const next = await pageAt(at);
      listed = [...last.items, ...next.items];
      last = next;
    }
    // Asked for last, so that what is settled meanwhile is not shown twice.
    const waiting = await get("/gates?status=waiting");
    const settled = listed.filter(({ outcome }) => outcome !== null);
    return [...waiting.items.toReversed(), ...settled.toReversed()];
  };
}
