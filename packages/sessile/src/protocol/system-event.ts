import type { SessionAccess } from "./access.ts";
import type { BudgetStatus, UsageAmount } from "./budget.ts";
import type { ErrorCode, WireError } from "./error.ts";
import type { ParentLink, SessionAddress } from "./family.ts";
import type { AppliedPolicy, ExpiryReason, Gate, GateOrigin } from "./gate.ts";
import type { GatePolicy } from "./gate-policy.ts";
import type { Json } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StatePatch } from "./state-patch.ts";
import type { StreamInfo, StreamProducer, StreamSegment } from "./stream.ts";
import type { Summary, SummaryStyle } from "./summary.ts";
import type { UsageEntry } from "./usage.ts";
import type { VoiceService } from "./voice.ts";

/**
 * A change of the state, as the smaller of the whole and a patch. `base` is the version that the patch is for; `sum` is that of the
 * state after it, and comes now and then.
 */
export type StateChange =
  | { readonly state: Json }
  | { readonly base: number; readonly patch: StatePatch; readonly sum?: number };

/** What each event written by the kernel carries. Payloads hold results, never intents, so that folding them needs no code of the day. */
export interface SystemEventPayloads {
  "session.created": {
    readonly kind: string;
    readonly name: string;
    readonly state: Json;
    readonly status: string | null;
  };
  "session.lifecycle_changed": { readonly from: Lifecycle; readonly to: Lifecycle };
  /** The whole of it as it is from now on. */
  "session.access_changed": SessionAccess;
  /** The session is a child of that one. */
  "session.adopted": ParentLink;
  "session.child_added": SessionAddress;
  /** It was deleted by its parent. */
  "session.child_removed": SessionAddress;
  /** What a child told: an event of its own log. */
  "session.child_reported": SessionAddress & {
    readonly seq: number;
    readonly type: string;
    readonly payload: Json;
  };
  "status.changed": { readonly from: string | null; readonly to: string };
  "state.changed": StateChange;
  "gate.opened": Omit<Gate, "openedAt">;
  /** Who answered is the event's actor. */
  "gate.answered": {
    readonly gateId: string;
    readonly answer: string;
    readonly comment: string | null;
    readonly via?: GateOrigin;
    readonly policy?: AppliedPolicy;
    readonly arguments?: Json;
    readonly argumentsHash?: string;
    readonly result?: Json;
  };
  "gate.escalated": { readonly gateId: string; readonly to: readonly string[] };
  "gate.expired": { readonly gateId: string; readonly reason?: ExpiryReason; readonly default?: string };
  "gate.policy_added": Omit<GatePolicy, "createdAt">;
  "gate.policy_revoked": { readonly policyId: string };
  "timer.set": {
    readonly timerId: string;
    readonly name: string;
    readonly dueAt: number;
    readonly input: Json;
  };
  "timer.cancelled": { readonly timerId: string };
  "timer.fired": { readonly timerId: string; readonly name: string };
  "work.started": { readonly workId: string; readonly name: string; readonly input: Json };
  "step.completed": { readonly workId: string; readonly step: string; readonly result: Json };
  "step.failed": {
    readonly workId: string;
    readonly step: string;
    readonly attempt: number;
    readonly message: string;
  };
  "work.completed": { readonly workId: string; readonly result: Json };
  "work.failed": { readonly workId: string; readonly message: string };
  /** Carries the draft's id as its client event id too; what the draft said is gone. */
  "draft.cancelled": { readonly draftId: string };
  /** Always the event after the range it seals. The folded view is not in it: it follows from the log. */
  "snapshot.sealed": Omit<Snapshot, "createdAt">;
  /** Somebody asked; it is made beside the commits. */
  "summary.requested": { readonly style: SummaryStyle };
  "summary.created": Omit<Summary, "createdAt">;
  "usage.recorded": Omit<UsageEntry, "seq" | "at"> & { readonly reservationId?: string };
  "usage.budget_set": {
    readonly budgetId: string;
    readonly source: string | null;
    readonly ref: string | null;
    readonly max: BudgetStatus["max"];
    readonly raiseBy: Required<UsageAmount>;
    readonly askForMs: number | null;
    /** Its question waits, and may still be answered. */
    readonly keepsQuestion: boolean;
  };
  "usage.budget_asked": {
    readonly budgetId: string;
    readonly gateId: string;
    /** What it is raised to if somebody says so. */
    readonly offer: BudgetStatus["max"];
  };
  "usage.budget_raised": { readonly budgetId: string; readonly max: BudgetStatus["max"] };
  "usage.reserved": {
    readonly reservationId: string;
    readonly source: string;
    readonly ref: string | null;
  } & Required<UsageAmount>;
  "usage.released": { readonly reservationId: string };
  "stream.opened": Pick<StreamInfo, "streamId" | "contentType" | "meta" | "start">;
  "stream.segment": StreamSegment;
  "stream.paused": { readonly streamId: string };
  "stream.resumed": { readonly streamId: string };
  "stream.ended": {
    readonly streamId: string;
    readonly output: Json;
    readonly producer?: StreamProducer;
  };
  "stream.failed": {
    readonly streamId: string;
    readonly error: WireError;
    readonly producer?: StreamProducer;
  };
  /** Chunks of later steps are withdrawn, from this offset on. */
  "stream.cleaned": { readonly streamId: string; readonly step: number; readonly from: number };
  /** All chunks are withdrawn. The stream as it is from then on, because one that had ended is in no view. */
  "stream.reset": { readonly stream: StreamInfo };
  /** The first who may talk joined: offsets of what is said from then on count from this event's time. */
  "voice.started": { readonly sampleRate: number };
  /** A service fails; what people write goes on as before. */
  "voice.degraded": { readonly service: VoiceService; readonly code: ErrorCode };
  "stream.deleted": { readonly streamId: string; readonly reason: "deleted" | "expired" };
}

export type SystemEventType = keyof SystemEventPayloads;
