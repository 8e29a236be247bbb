import type { Gate } from "./gate.ts";
import type { Json } from "./json.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Snapshot } from "./snapshot.ts";

/** What each event written by the kernel carries. Payloads hold results, never intents, so that folding them needs no code of the day. */
export interface SystemEventPayloads {
  "session.created": {
    readonly kind: string;
    readonly name: string;
    readonly state: Json;
    readonly status: string | null;
  };
  "session.lifecycle_changed": { readonly from: Lifecycle; readonly to: Lifecycle };
  "status.changed": { readonly from: string | null; readonly to: string };
  "state.changed": { readonly state: Json };
  "gate.opened": Omit<Gate, "openedAt">;
  "gate.answered": { readonly gateId: string; readonly answer: string; readonly comment: string | null };
  "gate.expired": { readonly gateId: string };
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
}

export type SystemEventType = keyof SystemEventPayloads;
