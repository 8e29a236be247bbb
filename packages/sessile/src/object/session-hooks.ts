import type { Action } from "../protocol/access.ts";
import type { Actor } from "../protocol/event.ts";
import type { Peer } from "../protocol/frame.ts";
import type { Json } from "../protocol/json.ts";
import type { SessionView } from "../protocol/view.ts";
import type { DirectoryDescription, SessionRecord } from "../record/index.ts";
import type { ArchiveBucket } from "./archiver.ts";
import type { FoundMethod } from "./callable.ts";
import type { DirectoryFeedStub } from "./directory-feed.ts";
import type { WorkFunction } from "./work-runner.ts";

/** What the host asks of the class a developer wrote. */
export interface SessionHooks {
  readonly record: SessionRecord | null;
  /** Where archived events go; absent: compressed in the session's own tables. */
  readonly archive?: ArchiveBucket | null;
  readonly feed: DirectoryFeedStub | null;
  readonly description: DirectoryDescription;
  authorize(actor: Actor | null, action: Action): boolean;
  findMethod(name: string): FoundMethod | null;
  findWork(name: string): WorkFunction | null;
  onConnect(peer: Peer): void;
  onDisconnect(peer: Peer): void;
  /** Returns false to keep the signal from the other peers. */
  onSignal(peer: Peer, signal: Json): boolean;
  onTimer(name: string, input: Json): unknown;
  onCommit(before: SessionView, after: SessionView): void;
  /** Runs `body` while `caller` names who called. */
  asCaller<T>(caller: Actor | null, body: () => T): T;
}
