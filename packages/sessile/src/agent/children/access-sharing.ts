import type { SessionStub } from "../../object/family/other-session.ts";
import { askSession, type SessionObject } from "../../object/session-rpc.ts";
import { SessileError, type SessionAddress, sessionActor } from "../../protocol/index.ts";
import type { RunSession } from "../run/run-session.ts";
import { sharedAccess } from "./shared-access.ts";

/** Work that has a session's children let in whoever may be here by now. By its name it goes on when the session is terminated. */
export const shareWork = "sessile.share_access";

/** In the commit that changes who may be here. */
export function startSharing({ write }: Pick<RunSession, "write">): void {
  write((writer) =>
    writer.startWork({ workId: `${shareWork}:${writer.lastSeq}`, name: shareWork, input: null }),
  );
}

/** Shares one child, which this session owns, with its own people, and with nobody else. @throws SessileError */
export async function shareChild(
  { session }: Pick<RunSession, "session">,
  child: SessionAddress,
  stub: Pick<SessionStub<unknown>, "view">,
  open: () => SessionObject,
): Promise<void> {
  for (;;) {
    const { access, kind, name } = session.view;
    const theirs = await stub.view();
    const change = access && theirs.access && sharedAccess(access, theirs.access);
    if (!change || theirs.kind !== child.kind) return;
    const command = { op: "setAccess", id: crypto.randomUUID(), ...change };
    const request = { op: "calls", commands: [command], chars: JSON.stringify(command).length } as const;
    const { outcomes } = await askSession(open, request, { actor: sessionActor({ kind, name }) });
    for (const outcome of outcomes) if (!outcome.ok) throw SessileError.fromWire(outcome.error);
    // What changed meanwhile may have come there before.
    if (session.view.access === access) return;
  }
}
