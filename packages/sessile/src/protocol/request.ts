import type { Draft } from "./draft.ts";
import type { WireError } from "./error.ts";
import type { Actor, Commit } from "./event.ts";
import type { Gate, GateOutcome } from "./gate.ts";
import type { Json } from "./json.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SessionView } from "./view.ts";

/** What the HTTP layer asks of a session object: the same reads and commands that sockets use. */
export type SessionRequest =
  | { readonly op: "view" }
  | { readonly op: "events"; readonly after: number; readonly limit: number }
  | { readonly op: "commands"; readonly commands: readonly Json[]; readonly chars: number }
  | { readonly op: "gates" }
  | { readonly op: "draft" }
  /** Newest first, those that end before `before`. */
  | { readonly op: "snapshots"; readonly before?: number; readonly limit: number }
  /** The newest snapshot with its view. */
  | { readonly op: "lastSnapshot" }
  | { readonly op: "seal" }
  /** Forgets what an earlier import staged. */
  | { readonly op: "importBegin" }
  | { readonly op: "importAdd"; readonly commits: readonly Commit[] }
  | { readonly op: "importEnd"; readonly lastSeq: number }
  | {
      readonly op: "log";
      readonly tag?: string;
      readonly level?: string;
      readonly since?: number;
      readonly limit?: number;
    };

/** How one command ended, as plain data. */
export type WireOutcome =
  | { readonly ok: true; readonly seq: number; readonly repeated: boolean; readonly result?: Json }
  | { readonly ok: false; readonly error: WireError };

export interface SessionReplies {
  readonly view: SessionView;
  readonly events: { readonly commits: readonly Commit[]; readonly more: boolean; readonly lastSeq: number };
  readonly commands: { readonly outcomes: readonly WireOutcome[]; readonly view: SessionView };
  readonly gates: {
    readonly gates: readonly { readonly gate: Gate; readonly outcome: GateOutcome | null }[];
  };
  /** The caller's own. */
  readonly draft: { readonly draft: Draft | null };
  readonly log: { readonly entries: readonly Json[] };
  readonly snapshots: { readonly items: readonly Snapshot[] };
  readonly lastSnapshot: { readonly snapshot: (Snapshot & { readonly view: SessionView }) | null };
  /** Null: there was nothing to seal. */
  readonly seal: { readonly snapshot: Snapshot | null };
  readonly importBegin: Record<string, never>;
  readonly importAdd: Record<string, never>;
  readonly importEnd: { readonly lastSeq: number };
}

/** Errors cross as data: an exception would lose its code between isolates. */
export type SessionReply<Op extends SessionRequest["op"] = SessionRequest["op"]> =
  | { readonly ok: true; readonly value: SessionReplies[Op] }
  | { readonly ok: false; readonly error: WireError };

/** Who asks. The worker has established it; the object asks its own authorizer again. */
export interface SessionCaller {
  readonly actor: Actor | null;
}

/** Header by which the worker tells the object who opens a socket or sends a request; stripped from outside requests. */
export const actorHeader = "x-sessile-actor";
/** Header by which the worker tells the object what its authorizer lets a socket do: actions joined by commas. Absent: everything. */
export const rightsHeader = "x-sessile-rights";
