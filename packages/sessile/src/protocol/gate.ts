import { canonicalJson } from "./canonical-json.ts";
import { SessileError } from "./error.ts";
import type { Actor } from "./event.ts";
import type { Json } from "./json.ts";
import { sha256Hex } from "./sha256.ts";

/** A decision, an answer to questions, or the result of a call that a client carries out. */
export const gateKinds = ["approval", "question", "tool"] as const;
export type GateKind = (typeof gateKinds)[number];

/** The one call that a gate is about. */
export interface GateCall {
  readonly name: string;
  /** The id it has where it comes from, such as the model's tool call id. */
  readonly callId?: string;
  readonly arguments: Json;
  /** SHA-256 of the arguments as canonical JSON. */
  readonly argumentsHash: string;
}

export interface GateQuestion {
  /** The answer is keyed by it. */
  readonly question: string;
  /** Absent: any text. */
  readonly options?: readonly string[];
  /** The answer is a list. */
  readonly multiple?: boolean;
}

/** Who is asked if nobody has answered by then. */
export interface GateEscalation {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Ids of actors. */
  readonly to: readonly string[];
  readonly isDone?: true;
}

/** Something only a human or a client can give: waits, expires, and is answered once. */
export interface Gate {
  readonly gateId: string;
  /** Absent: an approval. */
  readonly kind?: GateKind;
  readonly title: string;
  readonly detail: string;
  /** Answers accepted, such as `approve` and `reject`. The first one lets the call run. */
  readonly options: readonly string[];
  readonly call?: GateCall;
  readonly questions?: readonly GateQuestion[];
  /** Whoever approves may change the call's arguments. */
  readonly isEditable?: true;
  /** Ids of the actors who may answer. Absent: everyone who may approve. */
  readonly eligible?: readonly string[];
  /** On whose behalf it was opened: an actor's id. */
  readonly requestedBy?: string;
  readonly escalation?: GateEscalation;
  /** The option that counts if nobody answers in time. */
  readonly default?: string;
  /** Milliseconds since 1970, or null: waits for ever. */
  readonly expiresAt: number | null;
  readonly openedAt: number;
}

/** What an answer came over; `policy` is nobody's hand. Absent: the session's own code. */
export type GateOrigin = "websocket" | "http" | "agents" | "policy";

/** The policy that answered, as it was then. */
export interface AppliedPolicy {
  readonly policyId: string;
  readonly scope: PolicyScope;
  readonly by: Actor;
}

/** Where a policy counts: in one session, in calls on behalf of one user, or in every session of a kind. */
export const policyScopes = ["session", "user", "kind"] as const;
export type PolicyScope = (typeof policyScopes)[number];

/** How a gate ended. An expiry is never recorded as somebody's answer. */
export type GateOutcome =
  | {
      readonly status: "answered";
      readonly answer: string;
      readonly comment: string | null;
      /** Null: the session itself, or a policy. */
      readonly by: Actor | null;
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly via?: GateOrigin;
      readonly policy?: AppliedPolicy;
      /** Instead of those the call was proposed with. */
      readonly arguments?: Json;
      /** Of the arguments the call runs with. */
      readonly argumentsHash?: string;
      /** Answers to questions by question; what a client's call gave. */
      readonly result?: Json;
    }
  | {
      readonly status: "expired";
      readonly at: number;
      /** `withdrawn`: the question no longer arises. Absent in older logs. */
      readonly reason?: ExpiryReason;
      /** What counts in place of an answer. */
      readonly default?: string;
    };

export type ExpiryReason = "time" | "withdrawn" | "terminated";

/** A gate and, once it is settled, how and by whom. */
export interface GateRecord {
  readonly gate: Gate;
  readonly outcome: GateOutcome | null;
}

/** What a refusal tells of a gate that is closed. */
export type GateEnd = Pick<GateOutcome, "status" | "at"> & {
  readonly answer?: string;
  readonly by?: Actor | null;
  readonly reason?: ExpiryReason;
  readonly default?: string;
};

export function gateCall(name: string, args: Json, callId?: string): GateCall {
  return {
    name,
    ...(callId === undefined ? {} : { callId }),
    arguments: args,
    argumentsHash: hashOf(args),
  };
}

export function hashOf(value: Json): string {
  return sha256Hex(canonicalJson(value));
}

/** The option that lets the call run. */
export function allowingOption({ options }: Pick<Gate, "options">): string | undefined {
  return options[0];
}

/** Whether a settled gate lets its call run: by an answer, or by the default that stands for none. */
export function isAllowed({ gate, outcome }: GateRecord): boolean {
  if (outcome === null) return false;
  const decision = outcome.status === "answered" ? outcome.answer : outcome.default;
  return decision !== undefined && decision === allowingOption(gate);
}

/**
 * The arguments that a call may run with: those it was proposed with, or those the approval changed.
 *
 * @throws SessileError `not_found` without a gate, `conflict` if it is about another call, `forbidden` if it does not allow it (yet)
 */
export function approvedArguments(
  record: GateRecord | null,
  call: { readonly name: string; readonly arguments: Json },
): Json {
  if (!record?.gate.call)
    throw new SessileError("not_found", "No gate was opened for this call.", { field: "gateId" });
  assertSameCall(record.gate.call, call);
  if (!isAllowed(record)) throw new SessileError("forbidden", `${call.name} has not been approved.`);
  const { outcome } = record;
  return outcome?.status === "answered" && outcome.arguments !== undefined
    ? outcome.arguments
    : record.gate.call.arguments;
}

/** @throws SessileError `conflict` */
export function assertSameCall(
  known: GateCall,
  call: { readonly name: string; readonly arguments: Json },
): void {
  if (known.name === call.name && known.argumentsHash === hashOf(call.arguments)) return;
  throw new SessileError("conflict", `This gate is about another call, of ${known.name}.`, {
    field: "call",
    current: known.argumentsHash,
  });
}

/** The gate from its escalation on: those who were asked beside the first ones may answer too. */
export function escalatedGate(gate: Gate, to: readonly string[]): Gate {
  return {
    ...gate,
    ...(gate.eligible ? { eligible: [...new Set([...gate.eligible, ...to])] } : {}),
    escalation: { at: gate.escalation?.at ?? gate.openedAt, to, isDone: true },
  };
}

export function gateEnd(outcome: GateOutcome): GateEnd {
  const { status, at } = outcome;
  if (outcome.status === "answered") return { status, at, answer: outcome.answer, by: outcome.by };
  const { reason, default: standing } = outcome;
  return {
    status,
    at,
    ...(reason === undefined ? {} : { reason }),
    ...(standing === undefined ? {} : { default: standing }),
  };
}

/** What somebody who comes too late is told. */
export function gateClosed(outcome: GateOutcome): SessileError {
  const end = gateEnd(outcome);
  const by = outcome.status === "answered" && outcome.by ? ` by ${outcome.by.name ?? outcome.by.id}` : "";
  return new SessileError("gate_closed", `This gate ${howItEnded(outcome)}${by}.`, {
    field: "gateId",
    current: end.answer ?? null,
    gate: end,
  });
}

function howItEnded(outcome: GateOutcome): string {
  if (outcome.status === "answered")
    return `was already answered "${outcome.answer}"${outcome.policy ? " by a policy" : ""}`;
  return outcome.reason === undefined || outcome.reason === "time" ? "has expired" : `was ${outcome.reason}`;
}
