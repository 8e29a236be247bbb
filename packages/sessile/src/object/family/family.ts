import { reportTask } from "../../kernel/index.ts";
import type { Action } from "../../protocol/access.ts";
import type { Outcome } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import {
  type ParentLink,
  type SentReport,
  type SessionAddress,
  sessionActor,
} from "../../protocol/family.ts";
import type { SessionHost } from "../session-host.ts";
import type { SessionObject } from "../session-rpc.ts";

/** Who uses a session first, and whose child that makes it. */
export interface Maker {
  readonly actor: Actor | null;
  readonly parent?: ParentLink;
}

/**
 * A session that is there becomes a child. One that has an owner is its parent's own already: what anybody else has made, and let
 * the parent into, stays theirs.
 *
 * @throws SessileError `forbidden`, `conflict`
 */
export function adopt(
  host: SessionHost,
  parent: ParentLink | undefined,
  may: (action: Action) => boolean,
): void {
  if (!parent || host.kernel.view.parent?.objectId === parent.objectId) return;
  const { access } = host.kernel.view;
  const isOwn = !access || access.ownerId === sessionActor(parent).id;
  if (!may("admin") || !isOwn)
    throw new SessileError(
      "forbidden",
      "Only who may administer a session makes it a child of another, and only its owner where it has one.",
    );
  host.write(null, (writer) => writer.adopt(parent));
}

/** Takes what a child reports, each report by itself, in one commit. */
export async function takeReports(
  host: SessionHost,
  child: SessionAddress,
  reports: readonly SentReport[],
): Promise<readonly Outcome[]> {
  if (host.visible.refusal) throw host.visible.refusal;
  const { outcomes } = host.transact(reports.map((report) => reportTask(child, report)));
  await host.shown();
  return outcomes;
}

/**
 * The object of this id, in whichever namespace among the bindings it lies: bindings may be renamed while a session lives.
 *
 * @throws SessileError `unavailable`
 */
export function openById(env: unknown, objectId: string): SessionObject {
  for (const binding of Object.values(env as object)) {
    if (!isNamespace(binding)) continue;
    const id = idIn(binding, objectId);
    if (id) return binding.get(id) as unknown as SessionObject;
  }
  throw new SessileError(
    "unavailable",
    "No binding of this deployment leads to the parent of this session.",
    {
      retryAfterMs: 60_000,
    },
  );
}

/** By its class: a property of a service binding would be a call. */
function isNamespace(binding: unknown): binding is DurableObjectNamespace {
  return Object.prototype.toString.call(binding) === "[object DurableObjectNamespace]";
}

function idIn(namespace: DurableObjectNamespace, objectId: string): DurableObjectId | null {
  try {
    return namespace.idFromString(objectId);
  } catch {
    // Of another namespace.
    return null;
  }
}
