import { SessileError } from "../../protocol/error.ts";
import type { AgentState } from "../../protocol/run.ts";
import type { SessionView } from "../../protocol/view.ts";

/** Whether an owned session may come of a log: only its owner brings it. @throws SessileError `forbidden` */
export function assertOwner({ access }: SessionView, actorId: string | undefined): void {
  if (access?.ownerId !== actorId)
    throw new SessileError("forbidden", "This log is of a session that belongs to somebody else.");
}

/**
 * Whether an owned session may come of a file, which is its owner's word and nobody else's: it would report to whom it names as its
 * parent, act under the policies of whom it works for, and make calls that others have always allowed. @throws SessileError `forbidden`
 */
export function assertOwnWord(
  { parent, gates, policies, state }: SessionView,
  actorId: string | undefined,
): void {
  const { active } = ((state ?? {}) as { readonly agent?: AgentState | null }).agent ?? {};
  const named = [
    active?.startedBy,
    ...Object.values(gates).map(({ requestedBy }) => requestedBy),
    ...Object.values(policies ?? {}).map(({ by }) => by.id),
  ];
  if (!parent && named.every((id) => (id ?? actorId) === actorId)) return;
  throw new SessileError(
    "forbidden",
    "This log is of another session's child, or what it is at, or always allowed, is somebody else's wish, which nobody can vouch for. Restore the session from the record instead.",
  );
}
