import type { CommandOp } from "./command.ts";

/** What the authorizer is asked. */
export const actions = ["read", "write", "approve", "admin"] as const;
export type Action = (typeof actions)[number];

const actionByOp: Readonly<Record<CommandOp, Action>> = {
  append: "write",
  setState: "write",
  reset: "admin",
  setStatus: "write",
  setLifecycle: "admin",
  call: "write",
  answerGate: "approve",
  saveDraft: "write",
  cancelDraft: "write",
  sendDraft: "write",
};

/** The right a command needs. */
export function actionOf(op: CommandOp): Action {
  return actionByOp[op];
}
