import type { EventMap } from "./contract.ts";
import type { Actor } from "./event.ts";
import type { Json } from "./json.ts";

/** Where a session is found: its kind and its name. */
export interface SessionAddress {
  readonly kind: string;
  readonly name: string;
}

/** Who made a session. */
export interface ParentLink extends SessionAddress {
  /** Id of its object, by which the namespace is known that it is found in, whatever its binding is called by then. */
  readonly objectId: string;
  /** Whose descendants they all are. Absent: the parent has none above it. */
  readonly root?: SessionAddress;
}

/** The session at the top of the tree that this one stands in; null if it is nobody's child. */
export function rootOf(parent: ParentLink | undefined): SessionAddress | null {
  if (!parent) return null;
  return parent.root ?? { kind: parent.kind, name: parent.name };
}

/** An event that a child told its parent of. */
export type ChildReport<Events extends EventMap = EventMap> = {
  readonly [Type in keyof Events & string]: {
    readonly child: SessionAddress;
    /** Of the event, in the child's log. */
    readonly seq: number;
    readonly type: Type;
    readonly payload: Events[Type];
  };
}[keyof Events & string];

/** A report on its way. */
export interface SentReport {
  /** Client event id in the parent's log, by which it is taken once. */
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly payload: Json;
}

/** What a report is known by. @param createdAt of the session that reports: an address may be made anew. */
export function reportId(objectId: string, createdAt: number, seq: number): string {
  return `${objectId}.${createdAt}.${seq}`;
}

/** Id of the object that a report comes from. */
export function reporterOf({ id }: SentReport): string {
  return id.slice(0, id.indexOf("."));
}

const sessionActorPrefix = "session:";

/** A session as it calls others. */
export function sessionActor({ kind, name }: SessionAddress): Actor {
  return { id: `${sessionActorPrefix}${kind}/${name}`, name: `${kind}/${name}` };
}

/** Whether an actor's id is one that only sessions have. */
export function isSessionActor(actorId: string): boolean {
  return actorId.startsWith(sessionActorPrefix);
}
