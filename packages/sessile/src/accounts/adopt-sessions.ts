import { SessileError } from "../protocol/index.ts";
import type { SessionRecord } from "../record/index.ts";
import { type KindOptions, SessionTarget } from "../worker/index.ts";

export interface Adoption {
  readonly env: unknown;
  readonly kinds: { readonly [kind: string]: KindOptions };
  readonly record: SessionRecord;
  readonly fromId: string;
  readonly toId: string;
}

/**
 * Gives every session of one account to another, as its owner would: the log says so. May be repeated after a failure.
 *
 * @throws SessileError of the first session that refuses
 */
export async function adoptSessions({ env, kinds, record, fromId, toId }: Adoption): Promise<void> {
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
      const commands = [{ op: "setAccess", ownerId: toId, id: `adopt-${fromId}` }];
      const request = { op: "commands", commands, chars: JSON.stringify(commands).length } as const;
      const reply = await new SessionTarget(env, kinds, kind, name).ask(request, { id: fromId });
      const [outcome] = reply.outcomes;
      if (outcome && !outcome.ok && outcome.error.code !== "not_found")
        throw SessileError.fromWire(outcome.error);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
