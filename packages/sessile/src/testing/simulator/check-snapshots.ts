import { isDeepStrictEqual } from "node:util";
import type { LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";

/** Snapshots chain without gap or overlap, each is told of by the event after it, and their views are folds of the log. */
export function checkSnapshots(
  { database }: SessionObject,
  log: LogFollower,
  fail: (what: string) => void,
): void {
  let end = 0;
  let baseId: unknown = null;
  const query = "SELECT to_seq, from_seq, snapshot_id, base_id, view FROM _sessile_snapshot ORDER BY to_seq";
  for (const { to_seq: toSeq, from_seq: fromSeq, snapshot_id: id, base_id: base, view } of database.peek(
    query,
  )) {
    if (fromSeq !== end + 1 || Number(toSeq) <= end || base !== baseId)
      fail(`snapshot ${fromSeq}–${toSeq} on ${base} follows one that ends at ${end}, ${baseId}`);
    const folded = log.viewAt(Number(toSeq));
    // A view too long for a row goes on elsewhere, which takes the session's own code to read.
    const isWhole = typeof view === "string" && view.endsWith("}");
    if (isWhole && !isDeepStrictEqual(JSON.parse(view), folded))
      fail(`the snapshot at ${toSeq} holds ${view}; the log folds to ${JSON.stringify(folded)}`);
    end = Number(toSeq);
    baseId = id;
  }
}
