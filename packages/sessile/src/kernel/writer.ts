import { type AccessChange, mayAccess } from "../protocol/access.ts";
import { type ErrorCode, SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import type { ParentLink, SentReport, SessionAddress } from "../protocol/family.ts";
import { assertUserEventType } from "../protocol/ids.ts";
import { assertJson, deepFreeze, type Json } from "../protocol/json.ts";
import { type Lifecycle, mayBecome } from "../protocol/lifecycle.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import type { Summary, SummaryStyle } from "../protocol/summary.ts";
import type { UsageReport } from "../protocol/usage.ts";
import type { SessionView } from "../protocol/view.ts";
import type { Transcript, VoiceService } from "../protocol/voice.ts";
import { changedAccess } from "./access.ts";
import type { Batch } from "./batch.ts";
import { Budgets } from "./budgets.ts";
import { addChild, adopt, assertAdopted, removeChild, startReport, takeReport } from "./children.ts";
import type { KindDefinition } from "./definition.ts";
import { type DraftRequest, type Drafts, pendingDraft, type StoredDraft, saveDraft } from "./drafts.ts";
import type { DueTable, DueTimer } from "./due-table.ts";
import type { GateRequest } from "./gate-request.ts";
import { GateWriter } from "./gate-writer.ts";
import type { Parts } from "./parts.ts";
import { defaultSnapshotPolicy, Snapshots } from "./snapshots.ts";
import type { Sql } from "./sql.ts";
import { Streams } from "./streams.ts";
import { createSummary, defaultSummaryPolicy, requestSummary, type SummaryDraft } from "./summaries.ts";
import { cancelTimer, fireTimer, setTimer, type TimerRequest } from "./timers.ts";
import { recordUsage } from "./usage.ts";
import { startVoice, writeTranscript } from "./voice.ts";
import {
  completeStep,
  completeWork,
  failStep,
  failWork,
  outlivingPrefix,
  startWork,
  type WorkRecord,
} from "./work.ts";
import { assertTransition } from "./workflow.ts";

/** Everything that can be written to a session, inside one commit. Reads through it see the commit's own writes. */
export class Writer {
  readonly #sql: Sql;
  readonly #due: DueTable;
  readonly #batch: Batch;
  readonly #kind: KindDefinition;
  readonly #drafts: Drafts;
  /** What is large and lies beside the log. */
  readonly parts: Parts;

  constructor(sql: Sql, due: DueTable, batch: Batch, kind: KindDefinition, drafts: Drafts, parts: Parts) {
    this.#sql = sql;
    this.#due = due;
    this.#batch = batch;
    this.#kind = kind;
    this.#drafts = drafts;
    this.parts = parts;
  }

  get view(): SessionView {
    return this.#batch.view;
  }

  get actor(): Actor | null {
    return this.#batch.actor;
  }

  get lastSeq(): number {
    return this.#batch.lastSeq;
  }

  /** Event 1 of every session. */
  create(): number {
    const { kind, name } = this.#batch.view;
    return this.#batch.emitSystem("session.created", {
      kind,
      name,
      state: deepFreeze(JSON.parse(JSON.stringify(this.#kind.initialState)) as Json),
      status: this.#kind.workflow?.initial ?? null,
    });
  }

  /** @throws SessileError `forbidden`, `limit_exceeded` */
  setAccess(change: AccessChange): void {
    if (this.#kind.access !== "owned")
      throw new SessileError("forbidden", "Sessions of this kind have no owners.");
    this.#batch.emitSystem(
      "session.access_changed",
      deepFreeze(changedAccess(this.#batch.view.access, this.#batch.actor, change)),
    );
    this.#dropBarredDraft();
    this.#kind.accessChanged?.();
  }

  /** @throws SessileError `conflict` if it is another session's child */
  adopt(link: ParentLink): void {
    adopt(this.#batch, link);
  }

  /** Appends an event and tells the parent of it. @throws SessileError `rejected` without one */
  report(type: string, payload: Json | undefined): number {
    assertAdopted(this.#batch);
    const seq = this.append(type, payload);
    startReport(this.#sql, this.#batch, seq);
    return seq;
  }

  addChild(child: SessionAddress): void {
    this.assertWritable();
    addChild(this.#sql, this.#batch, child);
  }

  removeChild(child: SessionAddress): void {
    this.assertWritable();
    removeChild(this.#sql, this.#batch, child);
  }

  takeReport(child: SessionAddress, report: SentReport): void {
    this.#kind.childReported?.(takeReport(this.#sql, this.#batch, child, report));
  }

  append(type: string, payload: Json | undefined): number {
    this.assertWritable();
    assertUserEventType(type);
    const refers = this.parts.assertThere(payload, "payload");
    const seq = this.#batch.emit(type, payload);
    if (refers) this.parts.refer(payload, seq);
    return seq;
  }

  /** Replaces the whole state. @throws SessileError `precondition_failed` with the version there is, `limit_exceeded` */
  setState(next: unknown, ifVersion?: number): number {
    this.assertWritable();
    const { version, state } = this.#batch.view;
    if (ifVersion !== undefined && ifVersion !== version) {
      throw new SessileError(
        "precondition_failed",
        `The state is at version ${version}, not ${ifVersion}. Read it again and repeat the change.`,
        {
          currentVersion: version,
        },
      );
    }
    assertJson(next, "state", this.#kind.limits.maxDepth, state);
    asVeto("state", () => this.#kind.validateState(next, state));
    this.parts.assertThere(next, "state");
    return this.#batch.changeState(next, this.#kind.limits.maxStateChars);
  }

  reset(): number {
    return this.setState(this.#kind.initialState);
  }

  setStatus(to: string, expectedVersion?: number): number {
    this.assertWritable();
    const { status, statusVersion } = this.#batch.view;
    assertVersion("status", status, statusVersion, expectedVersion);
    assertTransition(this.#kind.workflow, status, to, statusVersion);
    return this.#batch.emitSystem("status.changed", { from: status, to });
  }

  setLifecycle(to: Lifecycle, expectedVersion?: number): number {
    const { lifecycle, lifecycleVersion } = this.#batch.view;
    assertVersion("lifecycle", lifecycle, lifecycleVersion, expectedVersion);
    if (!mayBecome(lifecycle, to)) {
      throw new SessileError("illegal_transition", `The session is ${lifecycle}; it cannot become ${to}.`, {
        current: lifecycle,
        currentVersion: lifecycleVersion,
      });
    }
    if (to === "terminated") {
      this.#kind.terminating?.();
      this.#closeEverything();
    }
    const seq = this.#batch.emitSystem("session.lifecycle_changed", { from: lifecycle, to });
    if (to === "terminated") this.#sealLast();
    return seq;
  }

  /** Seals the range since the last snapshot; null if there is none, or if the kind seals nothing. */
  sealSnapshot(): Snapshot | null {
    const { snapshots: policy = defaultSnapshotPolicy, limits } = this.#kind;
    if (policy === null) return null;
    return new Snapshots(this.#sql, limits.maxRowBytes).seal(this.#batch, policy.keepViews);
  }

  requestSummary(style: SummaryStyle): void {
    this.assertWritable();
    requestSummary(this.#sql, this.#batch, this.#kind.summaries ?? defaultSummaryPolicy, style);
  }

  /** Not refused in a terminated session: its last summary, and what that cost, come after its end. */
  createSummary(draft: SummaryDraft): Summary {
    return createSummary(this.#sql, this.#batch, this.#kind.summaries ?? defaultSummaryPolicy, draft);
  }

  /** @returns false if an entry of this id was recorded before */
  recordUsage(report: UsageReport): boolean {
    this.assertWritable();
    return recordUsage(this.#sql, this.#batch, report);
  }

  /** Bounds on what the meter may come to; a question about one is a gate. */
  get budgets(): Budgets {
    this.assertWritable();
    return new Budgets(this.#sql, this.#batch, (question) => this.openGate(question));
  }

  /** The library's own cost, which may still come in when the session has ended. */
  recordOwnUsage(report: UsageReport): boolean {
    return recordUsage(this.#sql, this.#batch, report);
  }

  /** A policy may have answered it when this returns. @returns the gate's id */
  openGate(request: GateRequest): string {
    return this.gates.open(request);
  }

  /** Gates and what is always allowed. */
  get gates(): GateWriter {
    this.assertWritable();
    return this.#gates();
  }

  /** Not refused in a terminated session, which has none that wait. */
  gateRang(gateId: string): void {
    this.#gates().rang(gateId);
  }

  /** @returns the draft's id */
  saveDraft(request: DraftRequest): string {
    this.assertWritable();
    this.parts.assertThere(request.payload, "payload");
    return saveDraft(this.#sql, this.#drafts, this.#batch, request);
  }

  /** Appends the draft as the ordinary event it was to be. `check` may refuse it, and then it stays. */
  sendDraft(draftId: string, check: (draft: StoredDraft) => void): void {
    const draft = pendingDraft(this.#drafts, this.#batch, draftId);
    check(draft);
    this.append(draft.type, draft.payload);
    this.#drafts.drop();
  }

  cancelDraft(draftId: string): void {
    this.assertWritable();
    pendingDraft(this.#drafts, this.#batch, draftId);
    this.#batch.emitSystem("draft.cancelled", { draftId });
    this.#drafts.drop();
  }

  setTimer(request: TimerRequest): string {
    this.assertWritable();
    return setTimer(this.#due, this.#batch, request);
  }

  cancelTimer(timerId: string): boolean {
    return cancelTimer(this.#due, this.#batch, timerId);
  }

  fireTimer(timer: DueTimer): boolean {
    return fireTimer(this.#due, this.#batch, timer);
  }

  startWork(work: WorkRecord): boolean {
    if (!work.name.startsWith(outlivingPrefix)) this.assertWritable();
    return startWork(this.#sql, this.#batch, work);
  }

  completeStep(workId: string, step: string, result: unknown): boolean {
    assertJson(result, `result of step ${step}`, this.#kind.limits.maxDepth);
    return completeStep(this.#sql, this.#batch, workId, step, result);
  }

  failStep(workId: string, step: string, attempt: number, message: string): void {
    failStep(this.#batch, workId, step, attempt, message);
  }

  completeWork(workId: string, result: unknown): void {
    assertJson(result, "result of the work", this.#kind.limits.maxDepth);
    completeWork(this.#sql, this.#batch, workId, result);
  }

  failWork(workId: string, message: string): void {
    failWork(this.#sql, this.#batch, workId, message);
  }

  /** @returns milliseconds since 1970 that offsets count from */
  startVoice(): number {
    return startVoice(this.#batch);
  }

  writeTranscript(transcript: Transcript, isFinal: boolean): number {
    this.assertWritable();
    return writeTranscript(this.#batch, this.#kind, transcript, isFinal);
  }

  degradeVoice(service: VoiceService, code: ErrorCode): void {
    this.assertWritable();
    this.#batch.as(null, () => this.#batch.emitSystem("voice.degraded", { service, code }));
  }

  /** The session's streams; what is written through them is part of this commit. */
  get streams(): Streams {
    this.assertWritable();
    return this.#streams();
  }

  /** Not refused in a terminated session, whose streams have all closed. */
  expireStreams(): void {
    this.#streams().expire();
  }

  /** @throws SessileError `not_writable` in a terminated session */
  assertWritable(): void {
    if (this.#batch.view.lifecycle === "terminated") {
      throw new SessileError("not_writable", "This session is terminated: it can be read, not written.", {
        current: "terminated",
      });
    }
  }

  /** A terminated session waits for nothing: gates expire, timers go, work fails, all in the same commit. */
  #closeEverything(): void {
    for (const gateId of Object.keys(this.#batch.view.gates)) this.#gates().expire(gateId, "terminated");
    // What a session says last, its parent and its children still hear.
    for (const [workId, name] of Object.entries(this.#batch.view.work))
      if (!name.startsWith(outlivingPrefix))
        failWork(this.#sql, this.#batch, workId, "The session was terminated.");
    this.#drafts.drop();
    for (const streamId of Object.keys(this.#batch.view.streams ?? {}))
      this.#streams().close(streamId, {
        error: { code: "not_writable", message: "The session was terminated." },
      });
    for (const timerId of this.#due.namedIds()) cancelTimer(this.#due, this.#batch, timerId);
  }

  /** Whoever may not write any more could neither send nor cancel it, and nobody else could save one. */
  #dropBarredDraft(): void {
    const draft = this.#drafts.get();
    if (draft && !mayAccess(this.#batch.view.access, draft.authorId, "write")) this.#drafts.drop();
  }

  #gates(): GateWriter {
    return new GateWriter(this.#sql, this.#due, this.#batch, this.#kind, this.parts);
  }

  #streams(): Streams {
    return new Streams(this.#sql, this.#due, this.#batch, this.#kind);
  }

  /** The end of a session must not hang on its last snapshot: if that fails, the host seals again after the commit. */
  #sealLast(): void {
    const mark = this.#batch.mark();
    try {
      this.#sql.transaction(() => void this.sealSnapshot());
    } catch {
      this.#batch.rollbackTo(mark);
    }
  }
}

function assertVersion(
  field: string,
  current: string | null,
  version: number,
  expected: number | undefined,
): void {
  if (expected !== undefined && expected !== version) {
    throw new SessileError(
      "conflict",
      `The ${field} is ${current} at version ${version}, not ${expected}: somebody else changed it.`,
      {
        field: "expectedVersion",
        current,
        currentVersion: version,
      },
    );
  }
}

/** Runs a kind's check. What it throws is its refusal; the text is shown only of a `SessileError`, which is meant to be read. */
export function asVeto(field: string, check: () => void): void {
  try {
    check();
  } catch (thrown) {
    if (thrown instanceof SessileError) throw thrown;
    throw new SessileError(
      "rejected",
      `This kind of session refuses such a ${field}.`,
      { field },
      { cause: thrown },
    );
  }
}
