import { type AskedCall, gateRequestOf, settledCall } from "../agent/run/asked-call.ts";
import { callKey } from "../agent/run/call-key.ts";
import { resultMessage } from "../agent/run/tool-result.ts";
import { openCalls, type Said } from "../agent/run/transcript.ts";
import { gateOf } from "../kernel/gate-request.ts";
import { expiryOf } from "../kernel/gates.ts";
import type { CallGate } from "../object/gates/call-gate.ts";
import {
  defaultLimits,
  type Gate,
  type GateOutcome,
  type GateRecord,
  SessileError,
} from "../protocol/index.ts";
import type { AgentMessage, JsonObject, SessionState } from "../protocol/session-state.ts";
import { storedMessage } from "./stored-message.ts";

/** A gate's end, with a hash of the answer and of who gave it: whoever sends that again is told of the first. */
export interface SettledGate {
  readonly gate: Gate;
  readonly outcome: GateOutcome;
  readonly answerHash?: string;
}

/** Where a state keeps gates: those that wait, how others ended, and whose they are. */
type GateFields = Pick<
  SessionState,
  "pendingClientToolCalls" | "completedClientToolCalls" | "clientToolCallOwnership"
>;

/** What a class decides about the gate of a call: who may answer, until when, and what counts then. Nobody else is asked later. */
export type WorkflowCallGate = Omit<CallGate, "escalation">;

/** Of what waits at once: a row of D1 is to have room for the answers too. */
const maxAskedChars = 300_000;
/** Ends of gates that a state remembers. */
const maxRemembered = 200;

/** @throws SessileError as for any gate, and `limit_exceeded` */
export function gateFor(
  call: AskedCall,
  given: WorkflowCallGate,
  requestedBy: string | null,
  waiting: readonly Gate[],
): Gate {
  const request = gateRequestOf(call, given, requestedBy);
  const gate = { ...gateOf(request, call.gateId, null, defaultLimits), openedAt: Date.now() };
  if (JSON.stringify([...waiting, gate]).length <= maxAskedChars) return gate;
  throw new SessileError(
    "limit_exceeded",
    `Calls that wait for others have at most ${maxAskedChars} characters together.`,
    { field: "arguments" },
  );
}

export function waitingGates(state: Pick<GateFields, "pendingClientToolCalls">): readonly Gate[] {
  return Object.values(state.pendingClientToolCalls) as unknown as readonly Gate[];
}

function settledGates(state: GateFields): readonly SettledGate[] {
  return Object.values(state.completedClientToolCalls) as unknown as readonly SettledGate[];
}

export function gateIn(
  state: GateFields,
  gateId: string,
): (GateRecord & Pick<SettledGate, "answerHash">) | null {
  const settled = settledGates(state).find(({ gate }) => gate.gateId === gateId);
  if (settled) return settled;
  const gate = waitingGates(state).find((one) => one.gateId === gateId);
  return gate ? { gate, outcome: null } : null;
}

/** How gates are kept once these have ended. */
export function withSettled(state: GateFields, ended: readonly SettledGate[], sessionId: string): GateFields {
  const ids = new Set(ended.map(({ gate }) => gate.gateId));
  const waiting = waitingGates(state).filter(({ gateId }) => !ids.has(gateId));
  return fieldsOf(waiting, [...settledGates(state), ...ended], sessionId);
}

/**
 * How gates are kept once these wait too. Of an end that the model has been told of, what was brought lies in the messages.
 *
 * @param open ids of the gates whose calls have no result
 */
export function withWaiting(
  state: GateFields,
  asked: readonly Gate[],
  open: readonly string[],
  sessionId: string,
): GateFields {
  const isOpen = ({ gate }: SettledGate) => open.includes(gate.gateId);
  const settled = settledGates(state);
  const told = settled.filter((one) => !isOpen(one)).slice(-maxRemembered);
  const added = asked.filter(({ gateId }) => gateIn(state, gateId) === null);
  const kept = [...told.map(shortened), ...settled.filter(isOpen)];
  return fieldsOf([...waitingGates(state), ...added], kept, sessionId);
}

/** Nobody is asked any more about what waits, and the model is told so. */
export function withdrawn(
  state: GateFields,
  said: readonly Said[],
  sessionId: string,
): { readonly fields: GateFields; readonly messages: readonly AgentMessage[] } {
  const outcome = (gate: Gate) => expiryOf(gate, "withdrawn", Date.now());
  const ended = waitingGates(state).map((gate) => ({ gate, outcome: outcome(gate) }));
  const messages = openCalls(said).flatMap((open) => {
    const record = ended.find(({ gate }) => gate.gateId === callKey(open));
    const settled = record && settledCall(record, open.call);
    if (settled?.do !== "tell") return [];
    const { runId, step } = open.answer;
    return [storedMessage({ message: resultMessage(open.call, settled.output), runId, step })];
  });
  return { fields: withSettled(state, ended, sessionId), messages };
}

function shortened({ gate: { call, ...gate }, outcome, ...rest }: SettledGate): SettledGate {
  const about = call ? { call: { ...call, arguments: null } } : {};
  if (outcome.status === "expired") return { gate: { ...gate, ...about }, outcome };
  const { result: _result, arguments: _arguments, ...answered } = outcome;
  return { ...rest, gate: { ...gate, ...about }, outcome: answered };
}

function fieldsOf(waiting: readonly Gate[], settled: readonly SettledGate[], sessionId: string): GateFields {
  return {
    pendingClientToolCalls: Object.fromEntries(
      waiting.map((gate) => [gate.gateId, gate]),
    ) as unknown as JsonObject,
    completedClientToolCalls: Object.fromEntries(
      settled.map((one) => [one.gate.gateId, one]),
    ) as unknown as JsonObject,
    clientToolCallOwnership: Object.fromEntries(waiting.map(({ gateId }) => [gateId, sessionId])),
  };
}
