import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { isSessionActor } from "../protocol/family.ts";
import { operator, operatorId } from "../protocol/operator.ts";
import { isOperator } from "./operator.ts";
import type { AccessQuestion, SessileOptions } from "./options.ts";

/** Nobody outside is a session, nor by a header or token of the app's the operator. @throws SessileError `forbidden` */
export function assertOutsider(actor: Actor | null): void {
  if (actor && (isSessionActor(actor.id) || actor.id === operatorId))
    throw new SessileError("forbidden", "Ids of this form are those of sessions and of the operator.");
}

/** Who sends a request. @throws SessileError `forbidden` */
export async function identified<Env>(
  options: SessileOptions<Env>,
  request: Request,
  env: Env,
): Promise<Actor | null> {
  if (await isOperator(request, env)) return operator;
  const actor = (await options.identify?.(request, env)) ?? null;
  assertOutsider(actor);
  return actor;
}

/** What the deployment's authorizer says. The operator may all the same, unless it throws: that there is no such session, say. */
export async function may<Env>(
  { authorize }: SessileOptions<Env>,
  env: Env,
  question: AccessQuestion,
): Promise<boolean> {
  return !authorize || (await authorize(question, env)) || question.actor === operator;
}

/** @throws SessileError `unauthenticated`, `forbidden` */
export async function assertMay<Env>(
  options: SessileOptions<Env>,
  env: Env,
  question: AccessQuestion,
): Promise<void> {
  if (!(await may(options, env, question))) throw refusalOf(question);
}

export function refusalOf({ actor, action }: Pick<AccessQuestion, "actor" | "action">): SessileError {
  if (actor !== null) return new SessileError("forbidden", `You may not ${action} here.`);
  return new SessileError("unauthenticated", `This needs the right "${action}". Say who you are first.`);
}
