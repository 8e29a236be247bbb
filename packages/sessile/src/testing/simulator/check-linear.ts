import type { Command } from "../../protocol/command.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import type { SystemEventPayloads } from "../../protocol/system-event.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { Promised, Told } from "./ledger.ts";
import type { LogOnDisk } from "./log-follower.ts";
import { SimulatedKind, type SimulatedState } from "./simulated-kind.ts";

type Fail = (what: string) => void;

/** A value of one key, from the event that made it to the one that replaced it. */
interface Held {
  readonly value: unknown;
  readonly from: number;
  readonly to: number;
}

type OpenedGate = SystemEventPayloads["gate.opened"];

interface AnsweredOrExpired {
  readonly gateId: string;
  readonly answer?: string;
  readonly default?: string;
}

/** How a gate ended. */
interface GateEnd {
  readonly seq: number;
  readonly answer: string | null;
  /** The answer, or the default that stands for none. */
  readonly decision: string | null;
}

/**
 * Linearizability per key: each command, a refused one too, took effect at one moment between being sent and being answered.
 * The log is the order; what is checked is that every effect and every answer fits into it at such a moment.
 */
export function checkLinear(
  log: LogOnDisk,
  views: readonly SessionView[],
  promises: readonly Promised[],
  fail: Fail,
): void {
  const byId = new Map(log.events.map((event) => [event.clientEventId, event]));
  const keys = new Keys(log.events, views);
  for (const promised of promises) {
    const event = byId.get(promised.id);
    if (event && event.seq <= promised.sentAt)
      fail(`${promised.id} is in the log at ${event.seq}, before it was sent at ${promised.sentAt}`);
    for (const told of promised.answers) {
      if (told.is === "refused") checkRefusal(promised, told, keys, fail);
      if (told.is !== "done") continue;
      if (told.seq !== null && told.seq > told.at)
        fail(`${promised.id} was acknowledged at ${told.seq}, when the disk had ${told.at}`);
      if (promised.command.op === "call" && promised.command.method === "peek")
        expectHeld(keys.counts, told.result, promised, told, fail);
    }
  }
}

function checkRefusal(
  promised: Promised,
  told: Extract<Told, { is: "refused" }>,
  keys: Keys,
  fail: Fail,
): void {
  const { id, command } = promised;
  const { code, details } = told.error;
  if (code === "precondition_failed" && command.op === "setState") {
    if (details.currentVersion === command.ifVersion) fail(`${id} was refused though its version was right`);
    expectHeld(keys.versions, details.currentVersion, promised, told, fail);
  }
  if ((code === "conflict" || code === "illegal_transition") && command.op === "setStatus") {
    const { current, currentVersion } = details;
    if (code === "conflict" && currentVersion === command.expectedVersion)
      fail(`${id} was refused though its version was right`);
    if (code === "illegal_transition" && isAllowed(current, command.to))
      fail(`${id} was refused the way from ${String(current)} to ${command.to}`);
    expectHeld(keys.statuses, `${String(current)} ${String(currentVersion)}`, promised, told, fail);
  }
  if (command.op === "answerGate") checkGateRefusal(command, promised, told, keys, fail);
  if (command.op !== "call" || command.method !== "carryOut" || code !== "forbidden") return;
  const gateId = String(command.args[0]);
  const outcome = keys.outcomes.get(gateId);
  const allowing = keys.opened.get(gateId)?.gate.options[0];
  if (outcome && outcome.seq <= promised.sentAt && outcome.decision === allowing)
    fail(`${id} was refused though ${gateId} was decided at ${outcome.seq}`);
}

function checkGateRefusal(
  { gateId, argumentsHash }: Extract<Command, { op: "answerGate" }>,
  { id, sender, sentAt }: Promised,
  { error: { code, details }, at }: Extract<Told, { is: "refused" }>,
  keys: Keys,
  fail: Fail,
): void {
  const opened = keys.opened.get(gateId);
  const outcome = keys.outcomes.get(gateId);
  if (code === "not_found" && opened && opened.seq <= sentAt)
    fail(`${id} did not find ${gateId}, open since ${opened.seq}`);
  if (code === "forbidden" && (opened?.gate.eligible?.includes(sender) ?? true))
    fail(`${id} was refused as if ${gateId} were for others than ${sender}`);
  if (code === "precondition_failed" && argumentsHash === opened?.gate.call?.argumentsHash)
    fail(`${id} was refused though it was about the same call`);
  if (code !== "gate_closed" || details.current === undefined) return;
  // Its time may be over before that is recorded.
  const isInTime = details.current === null ? !outcome?.answer : outcome && outcome.seq <= at;
  if (!isInTime || (outcome && outcome.answer !== details.current))
    fail(`${id} learnt that ${gateId} was answered ${String(details.current)}`);
}

function expectHeld(
  key: readonly Held[],
  value: unknown,
  { id, sentAt }: Promised,
  { at }: Told,
  fail: Fail,
): void {
  if (!key.some((held) => held.value === value && held.from <= at && held.to > sentAt))
    fail(`${id} was told ${String(value)}, which held at no moment between ${sentAt} and ${at}`);
}

/** The values of each key over the log. */
class Keys {
  readonly versions: readonly Held[];
  readonly counts: readonly Held[];
  readonly statuses: readonly Held[];
  readonly opened = new Map<string, { readonly seq: number; readonly gate: OpenedGate }>();
  readonly outcomes = new Map<string, GateEnd>();

  constructor(events: readonly SessionEvent[], views: readonly SessionView[]) {
    this.versions = heldIn(views, ({ version }) => version);
    this.counts = heldIn(views, ({ state }) => (state as SimulatedState | null)?.count);
    this.statuses = heldIn(views, ({ status, statusVersion }) => `${status} ${statusVersion}`);
    for (const { seq, type, payload } of events) {
      if (type === "gate.opened") {
        const gate = payload as unknown as OpenedGate;
        this.opened.set(gate.gateId, { seq, gate });
      } else if (type === "gate.answered" || type === "gate.expired") {
        const { gateId, answer = null, default: standing = null } = payload as unknown as AnsweredOrExpired;
        this.outcomes.set(gateId, { seq, answer, decision: answer ?? standing });
      }
    }
  }
}

function heldIn(views: readonly SessionView[], read: (view: SessionView) => unknown): Held[] {
  const all: { value: unknown; from: number; to: number }[] = [];
  for (const view of views) {
    const value = read(view);
    const last = all.at(-1);
    if (last?.value === value) continue;
    if (last) last.to = view.lastSeq;
    all.push({ value, from: view.lastSeq, to: Number.POSITIVE_INFINITY });
  }
  return all;
}

function isAllowed(from: string | null | undefined, to: string): boolean {
  const transitions: Readonly<Record<string, readonly string[]>> = SimulatedKind.workflow.transitions;
  return transitions[from ?? ""]?.includes(to) ?? false;
}
