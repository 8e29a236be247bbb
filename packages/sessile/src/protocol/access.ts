import type { CommandOp } from "./command.ts";

/** What the authorizer is asked. */
export const actions = ["read", "write", "approve", "admin"] as const;
export type Action = (typeof actions)[number];

/** Who may read a session beside its owner and members: nobody, or anyone. */
export const visibilities = ["private", "public"] as const;
export type SessionVisibility = (typeof visibilities)[number];

/** Whose an owned session is and whom it was shared with, folded from the log. */
export interface SessionAccess {
  /** Null: made by the deployment's own code, for nobody yet. */
  readonly ownerId: string | null;
  readonly visibility: SessionVisibility;
  /** Rights by actor id. */
  readonly members: { readonly [actorId: string]: readonly Action[] };
}

/** What changes; the rest stays. A member without rights is one no more. */
export interface AccessChange {
  readonly ownerId?: string | undefined;
  readonly visibility?: SessionVisibility | undefined;
  readonly members?: { readonly [actorId: string]: readonly Action[] } | undefined;
}

/** What an owned session lets somebody do. */
export function mayAccess(
  access: SessionAccess | undefined,
  actorId: string | undefined,
  action: Action,
): boolean {
  if (!access) return false;
  if (action === "read" && access.visibility === "public") return true;
  if (actorId === undefined) return false;
  if (actorId === access.ownerId) return true;
  return Object.hasOwn(access.members, actorId) && access.members[actorId]?.includes(action) === true;
}

/** Ids of those a private session is shown to. */
export function readerIdsOf({ ownerId, members }: SessionAccess): readonly string[] {
  const readers = Object.keys(members).filter((id) => members[id]?.includes("read"));
  return ownerId === null ? readers : [ownerId, ...readers];
}

const actionByOp: Readonly<Record<CommandOp, Action>> = {
  append: "write",
  setState: "write",
  reset: "admin",
  setStatus: "write",
  setLifecycle: "admin",
  call: "write",
  answerGate: "approve",
  addPolicy: "approve",
  revokePolicy: "approve",
  saveDraft: "write",
  cancelDraft: "write",
  sendDraft: "write",
  setAccess: "admin",
};

/** The right a command needs. */
export function actionOf(op: CommandOp): Action {
  return actionByOp[op];
}
