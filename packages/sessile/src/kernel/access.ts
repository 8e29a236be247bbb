import type { AccessChange, Action, SessionAccess } from "../protocol/access.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";

/** Far more than people share one session with, and small in every view. */
export const maxMembers = 100;

/**
 * Who may do what after a change.
 *
 * @param actor who changes it; null is the session's own code
 * @throws SessileError `forbidden` if somebody else gives the session away, `limit_exceeded`
 */
export function changedAccess(
  access: SessionAccess | undefined,
  actor: Actor | null,
  change: AccessChange,
): SessionAccess {
  const before: SessionAccess = access ?? { ownerId: null, visibility: "private", members: {} };
  const ownerId = change.ownerId ?? before.ownerId;
  if (ownerId !== before.ownerId && actor !== null && before.ownerId !== null && actor.id !== before.ownerId)
    throw new SessileError("forbidden", "Only its owner may give a session away.", { field: "ownerId" });
  const members = new Map<string, readonly Action[]>(Object.entries(before.members));
  for (const [id, rights] of Object.entries(change.members ?? {})) {
    if (rights.length === 0) members.delete(id);
    else members.set(id, [...new Set(rights)]);
  }
  // An owner may everything anyhow, and must keep nothing after giving the session away.
  if (ownerId !== null) members.delete(ownerId);
  if (members.size > maxMembers)
    throw new SessileError("limit_exceeded", `A session is shared with at most ${maxMembers} people.`, {
      field: "members",
      limit: "maxMembers",
    });
  return {
    ownerId,
    visibility: change.visibility ?? before.visibility,
    members: Object.fromEntries(members),
  };
}
