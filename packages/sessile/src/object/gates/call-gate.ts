import type { GateRequest } from "../../kernel/index.ts";
import type { GateKind } from "../../protocol/gate.ts";
import type { Json } from "../../protocol/json.ts";

/** A call of a model that waits for somebody: to be approved, to be carried out by a client, or to be answered. */
export interface PendingCall {
  readonly kind: GateKind;
  readonly toolName: string;
  readonly toolCallId: string;
  readonly input: Json;
}

/** What a kind decides about the gate of such a call: who may answer, until when, and what counts then. */
export type CallGate = Partial<
  Pick<GateRequest, "title" | "detail" | "eligible" | "escalation" | "expiresAt" | "default" | "isEditable">
>;
