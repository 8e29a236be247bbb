import type { Action } from "../protocol/access.ts";
import type { Actor } from "../protocol/event.ts";
import type { Peer } from "../protocol/frame.ts";
import type { Json } from "../protocol/json.ts";
import type { Summarizer } from "../protocol/summary.ts";
import type { SessionView } from "../protocol/view.ts";
import type { DirectoryDescription, GatePolicyStore, QuotaStore, SessionRecord } from "../record/index.ts";
import type { FoundMethod } from "./callable.ts";
import type { DirectoryFeedStub } from "./directory-feed.ts";
import type { ArchiveBucket } from "./keeping/archiver.ts";
import type { Expiry } from "./keeping/expiry-watch.ts";
import type { PartBucket } from "./keeping/part-store.ts";
import type { QuotaPolicy } from "./meter/quota-policy.ts";
import type { FoundStreamingMethod } from "./streaming-callable.ts";
import type { VoiceSettings } from "./voice/voice-settings.ts";
import type { WorkFunction } from "./works/work-runner.ts";

export interface SessionQuotas {
  readonly policy: QuotaPolicy;
  readonly store: QuotaStore | null;
  readonly sessionId: string;
}

/** What the host asks of the class a developer wrote. */
export interface SessionHooks {
  readonly record: SessionRecord | null;
  /** Where archived events go; absent: compressed in the session's own tables. */
  readonly archive?: ArchiveBucket | null;
  /** Where parts go that events refer to; absent: they stay in the session's own tables. */
  readonly parts?: PartBucket | null;
  /** Writes summaries; null or absent: sentences are taken from the events. */
  readonly summarizer?: Summarizer | null;
  /** Null or absent: this kind has none. */
  readonly voice?: VoiceSettings | null;
  /** Policies beyond one session; null or absent: there are none. */
  readonly gatePolicies?: GatePolicyStore | null;
  /** Null or absent: this kind has none. */
  readonly quotas?: SessionQuotas | null;
  readonly feed: DirectoryFeedStub | null;
  readonly description: DirectoryDescription;
  authorize(actor: Actor | null, action: Action): boolean;
  findMethod(name: string): FoundMethod | null;
  /** What answers Agents SDK clients bit by bit; absent: nothing does. */
  findStreaming?(name: string): FoundStreamingMethod | null;
  findWork(name: string): WorkFunction | null;
  onConnect(peer: Peer): void;
  onDisconnect(peer: Peer): void;
  /** Returns false to keep the signal from the other peers. */
  onSignal(peer: Peer, signal: Json): boolean;
  onTimer(name: string, input: Json): unknown;
  onCommit(before: SessionView, after: SessionView): void;
  /** Absent: sessions of this kind never expire. */
  readonly expiry?: Expiry | null;
  mayExpire?(view: SessionView): boolean;
  expire?(): void;
  /** Seq of the oldest event that the session's own code reads back; null or absent: it reads none. */
  neededFrom?(): number | null;
  /** Runs `body` while `caller` names who called. */
  asCaller<T>(caller: Actor | null, body: () => T): T;
}
