import { type Action, actions, canonicalJson, type SessionAccess } from "../../protocol/index.ts";

/**
 * What makes a child's people those of its parent: they may there what they may here, but for administering, which is the parent's.
 *
 * @returns null if they are already
 */
export function sharedAccess(
  parent: SessionAccess,
  child: SessionAccess,
): Pick<SessionAccess, "visibility" | "members"> | null {
  const { ownerId, visibility } = parent;
  const people = { ...parent.members, ...(ownerId === null ? {} : { [ownerId]: actions }) };
  const members: { [id: string]: readonly Action[] } = {};
  for (const [id, rights] of Object.entries(people))
    members[id] = rights.filter((right) => right !== "admin");
  const isShared = canonicalJson([visibility, members]) === canonicalJson([child.visibility, child.members]);
  if (isShared) return null;
  const gone = Object.keys(child.members).filter((id) => !Object.hasOwn(members, id));
  return { visibility, members: { ...members, ...Object.fromEntries(gone.map((id) => [id, []])) } };
}
