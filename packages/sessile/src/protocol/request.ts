import type { Action } from "./access.ts";
import type { Draft } from "./draft.ts";
import type { WireError } from "./error.ts";
import type { Actor, Commit } from "./event.ts";
import type { ParentLink, SentReport, SessionAddress } from "./family.ts";
import type { GateRecord } from "./gate.ts";
import type { Inspection, SqlAnswer } from "./inspection.ts";
import type { Json } from "./json.ts";
import type { PartInfo } from "./part.ts";
import type { QuotaStatus } from "./quota.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StreamInfo } from "./stream.ts";
import type { StreamAction, StreamReply } from "./stream-request.ts";
import type { Summary } from "./summary.ts";
import type { SyncStatus } from "./sync-status.ts";
import type { UsageEntry, UsageRollup } from "./usage.ts";
import type { SessionView } from "./view.ts";

/** What the HTTP layer asks of a session object: the same reads and commands that sockets use. */
export type SessionRequest =
  /** `connects`: for a client that begins without a socket. */
  | { readonly op: "view"; readonly connects?: true }
  | {
      readonly op: "events";
      readonly after: number;
      readonly limit: number;
      /** With the caller's own draft, as it is once the page is read. */
      readonly withDraft?: true;
    }
  | {
      readonly op: "commands";
      readonly commands: readonly Json[];
      readonly chars: number;
      /** What the worker's authorizer lets the sender do, as methods ask for more than `write` at times. Default: everything. */
      readonly rights?: readonly Action[];
      /** How long to wait while asynchronous calls run. Default: until they end. */
      readonly waitMs?: number;
    }
  /** In the order they were opened, after a seq. */
  | { readonly op: "gates"; readonly after: number; readonly limit: number }
  | { readonly op: "gate"; readonly gateId: string }
  /** Commands of another session, which has no use for the view. */
  | { readonly op: "calls"; readonly commands: readonly Json[]; readonly chars: number }
  /** What a child reports. */
  | { readonly op: "reports"; readonly child: SessionAddress; readonly reports: readonly SentReport[] }
  /** What the kind offers. Makes no session. */
  | { readonly op: "describe" }
  | { readonly op: "draft" }
  /** Newest first, those that end before `before`. */
  | { readonly op: "snapshots"; readonly before?: number; readonly limit: number }
  /** The newest snapshot with its view. */
  | { readonly op: "lastSnapshot" }
  | { readonly op: "seal" }
  | { readonly op: "sync" }
  | { readonly op: "stream"; readonly streamId: string; readonly action: StreamAction }
  /** Newest first, those opened before the seq `before`. */
  | { readonly op: "streams"; readonly before?: number; readonly limit: number }
  /** Newest first, those whose event comes before `before`. */
  | { readonly op: "summaries"; readonly before?: number; readonly limit: number }
  | { readonly op: "summarize"; readonly style: string }
  | { readonly op: "usage" }
  /** Newest first, those whose event comes before `before`. */
  | { readonly op: "usageEntries"; readonly kind?: string; readonly before?: number; readonly limit: number }
  /** `free`: the address may be used anew afterwards. */
  | { readonly op: "delete"; readonly free: boolean }
  /** Forgets what an earlier import staged. */
  | { readonly op: "importBegin" }
  | { readonly op: "importAdd"; readonly commits: readonly Commit[]; readonly fromRecord: boolean }
  | { readonly op: "importEnd"; readonly lastSeq: number; readonly fromRecord: boolean }
  /** A piece of a part on its way in; as part of an import it makes no session. */
  | {
      readonly op: "partChunk";
      readonly uploadId: string;
      readonly chunk: number;
      readonly data: ArrayBuffer;
      readonly importing?: boolean;
    }
  /** All pieces are there, and the worker has hashed them. */
  | {
      readonly op: "partEnd";
      readonly uploadId: string;
      readonly hash: string;
      readonly bytes: number;
      readonly mediaType: string;
      readonly importing?: boolean;
    }
  /** Whether a part is there, shown or not. */
  | { readonly op: "partKnown"; readonly hash: string }
  | { readonly op: "part"; readonly hash: string }
  | { readonly op: "partData"; readonly hash: string; readonly chunk: number }
  /** Those that events up to `lastSeq` refer to and whose bytes are at hand, in order of those events. */
  | { readonly op: "parts"; readonly lastSeq: number }
  /** What goes on inside; makes no session. */
  | { readonly op: "inspect"; readonly withTables: boolean }
  /** One statement that reads; makes no session. */
  | { readonly op: "inspectSql"; readonly statement: string }
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

/** What a kind lets its clients do. */
export interface KindOffer {
  /** Whether its sessions belong to whoever made them. */
  readonly access: "open" | "owned";
  /** Names of its callable methods. */
  readonly callables: readonly string[];
  /** Of those, which answer bit by bit. */
  readonly streaming: readonly string[];
  /** Types of events that clients may append. */
  readonly events: "any" | readonly string[];
  /** Whether clients may write the state. */
  readonly writesState: boolean;
  readonly statuses: readonly string[];
}

export interface SessionReplies {
  readonly stream: StreamReply;
  readonly streams: { readonly items: readonly StreamInfo[] };
  readonly view: SessionView;
  readonly events: {
    readonly commits: readonly Commit[];
    readonly more: boolean;
    readonly lastSeq: number;
    readonly createdAt: number;
    /** Only if asked for. */
    readonly draft?: Draft | null;
  };
  readonly commands: {
    /** Null for an asynchronous call that still runs when `waitMs` has passed. */
    readonly outcomes: readonly (WireOutcome | null)[];
    readonly view: SessionView;
    /** What is left of the sender's, if a command was charged or refused for it. */
    readonly quota?: QuotaStatus;
  };
  readonly gates: { readonly gates: readonly (GateRecord & { readonly seq: number })[] };
  readonly gate: { readonly gate: GateRecord | null };
  readonly calls: { readonly address: SessionAddress; readonly outcomes: readonly WireOutcome[] };
  readonly reports: { readonly outcomes: readonly WireOutcome[] };
  readonly describe: KindOffer;
  /** The caller's own. */
  readonly draft: { readonly draft: Draft | null };
  readonly log: { readonly entries: readonly Json[] };
  readonly inspect: Inspection;
  readonly inspectSql: SqlAnswer;
  readonly snapshots: { readonly items: readonly Snapshot[] };
  readonly lastSnapshot: { readonly snapshot: (Snapshot & { readonly view: SessionView }) | null };
  /** Null: there was nothing to seal. */
  readonly seal: { readonly snapshot: Snapshot | null };
  readonly summaries: { readonly items: readonly (Summary & { readonly seq: number })[] };
  /** No summary: it is still being made. */
  readonly summarize: {
    readonly summary: Summary | null;
    readonly isNew: boolean;
    /** Seconds. */
    readonly cooldownRemaining: number;
  };
  readonly usage: UsageRollup;
  readonly usageEntries: { readonly items: readonly UsageEntry[] };
  readonly sync: SyncStatus;
  /** Milliseconds since 1970. */
  readonly delete: { readonly address: SessionAddress; readonly deletedAt: number };
  readonly importBegin: Record<string, never>;
  readonly importAdd: Record<string, never>;
  readonly importEnd: { readonly lastSeq: number };
  readonly partChunk: Record<string, never>;
  readonly partEnd: { readonly isNew: boolean };
  /** Null: it must be sent. */
  readonly partKnown: { readonly part: PartInfo | null };
  readonly part: { readonly part: PartInfo };
  readonly partData: { readonly data: ArrayBuffer };
  readonly parts: { readonly items: readonly PartInfo[] };
}

/** Errors cross as data: an exception would lose its code between isolates. */
export type SessionReply<Op extends SessionRequest["op"] = SessionRequest["op"]> =
  | { readonly ok: true; readonly value: SessionReplies[Op] }
  | { readonly ok: false; readonly error: WireError };

/** Who asks. The worker has established it; the object asks its own authorizer again. */
export interface SessionCaller {
  readonly actor: Actor | null;
  /** Salted hash of the address it comes from; the address itself never reaches the object. */
  readonly client?: string;
  /** The session that asks, if this one is to be its child. */
  readonly parent?: ParentLink;
}

/** Header by which the worker tells the object who opens a socket or sends a request; stripped from outside requests. */
export const actorHeader = "x-sessile-actor";
/** Header by which the worker tells the object what its authorizer lets a socket do: actions joined by commas. Absent: everything. */
export const rightsHeader = "x-sessile-rights";
/** Header by which the worker tells the object where a socket comes from: a salted hash of the address. */
export const clientHeader = "x-sessile-client";
