import { type Actor, eventsOf } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { SessionTarget } from "./session-stub.ts";
import { showView } from "./show-view.ts";

/** The newest snapshot and the first page after it; null if it tells a reader who has `after` nothing new. */
export async function snapshotPage(
  target: SessionTarget,
  actor: Actor | null,
  after: number,
  limit: number,
): Promise<Response | null> {
  const { snapshot } = await target.ask({ op: "lastSnapshot" }, actor);
  if (!snapshot || snapshot.toSeq <= after) return null;
  const { toSeq, view } = snapshot;
  const { commits, lastSeq } = await target.ask({ op: "events", after: toSeq, limit }, actor);
  const key = sessionKeyOf(target.kind, target.name);
  const items = commits.flatMap((commit) => eventsOf(commit, key, toSeq)).slice(0, limit);
  const nextAfter = items.at(-1)?.seq ?? toSeq;
  return Response.json({
    snapshot: { ...showSnapshot(snapshot), view: showView(view) },
    items,
    nextAfter,
    hasMore: nextAfter < lastSeq,
    lastSeq,
  });
}

/** A snapshot as HTTP shows it: times as RFC 3339. */
export function showSnapshot({ snapshotId, baseSnapshotId, fromSeq, toSeq, createdAt }: Snapshot): object {
  return { snapshotId, baseSnapshotId, fromSeq, toSeq, createdAt: new Date(createdAt).toISOString() };
}
