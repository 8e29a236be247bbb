import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { isSessionActor } from "../protocol/family.ts";
import type { AccessQuestion, SessileOptions } from "./options.ts";

/** Who sends a request. Nobody outside is a session. @throws SessileError `forbidden` */
export async function identified<Env>(
  options: SessileOptions<Env>,
  request: Request,
  env: Env,
): Promise<Actor | null> {
  const actor = (await options.identify?.(request, env)) ?? null;
  if (actor && isSessionActor(actor.id))
    throw new SessileError("forbidden", "Ids of this form are those of sessions.");
  return actor;
}

/** @throws SessileError `unauthenticated`, `forbidden` */
export async function assertMay<Env>(
  options: SessileOptions<Env>,
  env: Env,
  question: AccessQuestion,
): Promise<void> {
  if (!options.authorize || (await options.authorize(question, env))) return;
  if (question.actor === null) throw new SessileError("unauthenticated", "Say who you are first.");
  throw new SessileError("forbidden", `You may not ${question.action} here.`);
}
