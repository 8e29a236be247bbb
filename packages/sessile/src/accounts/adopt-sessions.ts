import { SessileError } from "../protocol/index.ts";
import type { SessionRecord } from "../record/index.ts";
import { type KindOptions, SessionTarget } from "../worker/index.ts";
import { mayPass } from "./may-pass.ts";

export interface Adoption {
  readonly env: unknown;
  readonly kinds: { readonly [kind: string]: KindOptions };
  readonly record: SessionRecord;
  readonly fromId: string;
  readonly toId: string;
}

/**
 * Gives every session of one account to another, as its owner would: the log says so. One that refuses it for good stays where it
 * is: it would keep its owner out of the account for ever. May be repeated after a failure.
 *
 * @throws SessileError of the first session that does not answer now
 */
export async function adoptSessions(adoption: Adoption): Promise<void> {
  const { kinds, record, fromId } = adoption;
  let cursor: string | undefined;
  do {
    // By creation, because giving a session away moves it in every other order.
    const page = await record.listSessions({
      visibleTo: fromId,
      order: "createdAt",
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { kind, name, ownerId, visibility } of page.items) {
      if (visibility === undefined || ownerId !== fromId || !Object.hasOwn(kinds, kind)) continue;
      try {
        await adopt(adoption, kind, name);
      } catch (thrown) {
        if (!(thrown instanceof SessileError) || mayPass(thrown)) throw thrown;
      }
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

async function adopt({ env, kinds, fromId, toId }: Adoption, kind: string, name: string): Promise<void> {
  const commands = [{ op: "setAccess", ownerId: toId, id: `adopt-${fromId}` }];
  const request = { op: "commands", commands, chars: JSON.stringify(commands).length } as const;
  const { outcomes } = await new SessionTarget(env, kinds, kind, name).ask(request, { id: fromId });
  for (const outcome of outcomes) if (outcome && !outcome.ok) throw SessileError.fromWire(outcome.error);
}
