import {
  type Kernel,
  type ListedGate,
  type LogPage,
  listGates,
  readGate,
  type SnapshotWithView,
  type StoredCommit,
  type Transaction,
} from "../kernel/index.ts";
import type { SessileError } from "../protocol/error.ts";
import type { GateRecord } from "../protocol/gate.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { SyncStatus } from "../protocol/sync-status.ts";
import type { SessionView } from "../protocol/view.ts";
import type { MirrorRunner } from "./recording/mirror-runner.ts";

/** Outcomes of one commit or batch: for each sender a JSON array of acks, as text. */
export type Acks = ReadonlyMap<WebSocket, string>;

/** Sends commits, and to each sender its outcomes, as one frame a peer. */
export type Broadcast = (commits: readonly StoredCommit[], acks: Acks) => void;

/**
 * What anybody outside the object may see of it, and when. Mirror mode shows a commit as soon as it is on the object's own
 * disk; ledger mode only once the record holds it (PROTOCOL.md, "Ledger mode").
 */
export interface Visibility {
  /** The view as it is shown. */
  readonly view: SessionView;
  /** Why commands are not taken now; null if they are. */
  readonly refusal: SessileError | null;
  /** Why the session's own writes are not taken; null if they are. */
  readonly writeRefusal: SessileError | null;
  /** A page of the hot log, as far as it is shown. */
  readAfter(after: number, maxEvents?: number): LogPage;
  /** Gates that were opened after a seq, in order. */
  gates(after: number, limit: number): readonly ListedGate[];
  gate(gateId: string): GateRecord | null;
  snapshots(limit: number, before?: number): readonly Snapshot[];
  lastSnapshot(): SnapshotWithView | null;
  /** Seq up to which events may leave the hot log. */
  archivableTo(): number;
  /** How far the record is, in numbers only. */
  sync(): SyncStatus;
  /** After every commit, and for outcomes without one. @returns whether it is shown already, and the kind is to be told */
  publish(transaction: Transaction, acks: Acks, now: number): boolean;
  /** Runs `settle` when everything committed up to now is shown; with an error if that will not be. */
  whenShown(settle: (failure: SessileError | null) => void): void;
  /** Null if there is something to show. @throws (in the promise) SessileError `unavailable` */
  begun(): Promise<void> | null;
  /** The session has started. */
  start(now: number): void;
  /** Another log has taken this one's place. */
  restart(now: number): void;
  /** The session is no more: whoever waits is told so. */
  end(reason: SessileError): void;
  /** The row of due work rang. */
  rang(now: number): Promise<void> | void;
}

/** Mirror mode: what is committed is shown, and the record follows. */
export class MirrorVisibility implements Visibility {
  readonly refusal = null;
  readonly writeRefusal = null;
  readonly #kernel: Kernel;
  readonly #mirror: MirrorRunner;
  readonly #hasRecord: boolean;
  readonly #broadcast: Broadcast;

  constructor(kernel: Kernel, mirror: MirrorRunner, hasRecord: boolean, broadcast: Broadcast) {
    this.#kernel = kernel;
    this.#mirror = mirror;
    this.#hasRecord = hasRecord;
    this.#broadcast = broadcast;
  }

  get view(): SessionView {
    return this.#kernel.committedView;
  }

  readAfter(after: number, maxEvents?: number): LogPage {
    return this.#kernel.readAfter(after, maxEvents);
  }

  gates(after: number, limit: number): readonly ListedGate[] {
    return listGates(this.#kernel.sql, { after, limit });
  }

  gate(gateId: string): GateRecord | null {
    return readGate(this.#kernel.sql, gateId);
  }

  snapshots(limit: number, before?: number): readonly Snapshot[] {
    return this.#kernel.snapshots.list(limit, before);
  }

  lastSnapshot(): SnapshotWithView | null {
    return this.#kernel.snapshots.lastWithView();
  }

  archivableTo(): number {
    return this.#hasRecord ? this.#mirror.recordedSeq : Number.MAX_SAFE_INTEGER;
  }

  sync(): SyncStatus {
    const { lastSeq } = this.view;
    const recordedSeq = this.#hasRecord ? this.#mirror.recordedSeq : null;
    const pending = recordedSeq === null ? 0 : lastSeq - recordedSeq;
    return { durability: "mirror", lastSeq, recordedSeq, staged: 0, pending, refusal: null };
  }

  publish({ stored, before, after }: Transaction, acks: Acks, now: number): boolean {
    this.#broadcast(stored ? [stored] : [], acks);
    if (stored) this.#mirror.committed(before, after, now);
    return true;
  }

  whenShown(settle: (failure: null) => void): void {
    settle(null);
  }

  begun(): null {
    return null;
  }

  start(now: number): void {
    this.#mirror.start(now);
  }

  restart(now: number): void {
    this.#mirror.restart(now);
  }

  end(): void {
    // Nobody waits for anything here.
  }

  rang(now: number): Promise<void> {
    return this.#mirror.run(now);
  }
}
