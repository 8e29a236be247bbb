import type { Actor, Commit } from "./event.ts";
import type { CommitFrame } from "./frame.ts";
import type { Json } from "./json.ts";
import type { StatePatch } from "./state-patch.ts";
import type { StateChange } from "./system-event.ts";

/**
 * A commit that is one small change of the state, for peers that asked for it: text that grows word by word is mostly envelope otherwise.
 * Seq; milliseconds since the session was created; how many seqs ago the state was that the patch is for; the patch; then, if
 * there are any, the client event id and the actor.
 */
export type ShortFrame = readonly [
  tag: "s",
  seq: number,
  sinceCreated: number,
  sinceBase: number,
  patch: StatePatch,
  clientEventId?: string | null,
  actor?: Actor,
];

/** Null for a commit that is anything else. */
export function shortFrameOf({ firstSeq, at, actors, events }: Commit, createdAt: number): ShortFrame | null {
  const [event, another] = events;
  if (!event || another || event.type !== "state.changed") return null;
  const change = event.payload as unknown as StateChange;
  if (!("patch" in change) || change.sum !== undefined) return null;
  const { clientEventId, by } = event;
  const head = ["s", firstSeq, at - createdAt, firstSeq - change.base, change.patch] as const;
  const actor = by === undefined ? undefined : actors[by];
  if (actor) return [...head, clientEventId ?? null, actor];
  return clientEventId === undefined ? head : [...head, clientEventId];
}

/** Null for what is none. What the method answered is not in it: that is for its caller. */
export function commitOfShort(frame: readonly Json[], createdAt: number): CommitFrame | null {
  const [tag, seq, sinceCreated, sinceBase, patch, clientEventId = null, actor] = frame;
  if (tag !== "s" || !isCount(seq) || !isCount(sinceBase) || typeof sinceCreated !== "number") return null;
  if (!Array.isArray(patch)) return null;
  const event = {
    type: "state.changed",
    ...(actor === undefined ? {} : { by: 0 }),
    ...(typeof clientEventId === "string" ? { clientEventId } : {}),
    payload: { base: seq - sinceBase, patch },
  };
  const actors = actor === undefined ? [] : [actor as unknown as Actor];
  return { t: "commit", commit: { firstSeq: seq, at: createdAt + sinceCreated, actors, events: [event] } };
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
