import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Actor, SessionEvent } from "../../protocol/event.ts";
import type { CallPattern } from "../../protocol/gate-policy.ts";
import type { SystemEventPayloads } from "../../protocol/system-event.ts";
import type { Promised } from "./ledger.ts";
import type { LogOnDisk } from "./log-follower.ts";
import type { BookedPolicy } from "./policy-book.ts";
import type { SessionObject } from "./session-object.ts";

type Fail = (what: string) => void;
type Payloads = SystemEventPayloads;
type CallMade = { readonly gateId: string; readonly name: string; readonly input: unknown };
type Policy = CallPattern & { readonly by: Actor; readonly expiresAt: number | null };

/** What is known of a gate from the events so far. */
interface Known {
  readonly gate: Payloads["gate.opened"];
  readonly openedSeq: number;
  /** Whether a policy of the session let its call run when it was opened. */
  readonly isAllowed: boolean;
  /** Null: everyone. */
  eligible: readonly string[] | null;
  isEscalated: boolean;
  /** How it ended, if it has. */
  status: "answered" | "expired" | null;
  /** Hash of the arguments that its call may be made with. */
  allows: string | null;
}

/**
 * Gates against the rules of their life, read from the events by no code of the session: settled once, in time, by whom they were for;
 * heard of in the same commit; and no call made that was not allowed with just its arguments. A clock that was set back is allowed for.
 */
export class GateCheck {
  readonly #object: SessionObject;
  readonly #shared: ReadonlyMap<string, BookedPolicy>;
  readonly #fail: Fail;
  readonly #gates = new Map<string, Known>();
  readonly #policies = new Map<string, Policy>();
  readonly #answers: ReadonlyMap<string, Promised>;

  readonly #takes: { readonly [type: string]: (payload: never, event: SessionEvent) => void } = {
    "gate.opened": (gate: Payloads["gate.opened"], event) => this.#opened(gate, event),
    "gate.answered": (answered: Payloads["gate.answered"], event) => this.#answered(answered, event),
    "gate.expired": (expired: Payloads["gate.expired"], event) => this.#expired(expired, event),
    "gate.escalated": (escalated: Payloads["gate.escalated"], event) => this.#escalated(escalated, event),
    "gate.policy_added": (policy: Payloads["gate.policy_added"], event) => this.#policyAdded(policy, event),
    "gate.policy_revoked": (revoked: Payloads["gate.policy_revoked"]) => this.#policyRevoked(revoked),
    "call.made": (made: CallMade) => this.#callMade(made),
  };

  constructor(
    object: SessionObject,
    promises: readonly Promised[],
    shared: readonly BookedPolicy[],
    fail: Fail,
  ) {
    this.#object = object;
    this.#shared = new Map(shared.map((booked) => [booked.policy.policyId, booked]));
    this.#fail = fail;
    this.#answers = new Map(
      promises
        .filter(({ command }) => command.op === "answerGate")
        .map((promised) => [promised.id, promised]),
    );
  }

  run({ commits, events }: LogOnDisk): void {
    for (const { firstSeq, events: own } of commits) {
      const commit = events.slice(firstSeq - 1, firstSeq - 1 + own.length);
      for (const event of commit) this.#takes[event.type]?.(event.payload as never, event);
      this.#endCommit(commit);
    }
    const { now } = this.#object;
    for (const { gate, status, isEscalated, ...known } of this.#gates.values()) {
      if (status) continue;
      if (gate.expiresAt !== null && gate.expiresAt <= now) this.#fail(`gate ${gate.gateId} never expired`);
      if (gate.escalation && !isEscalated && gate.escalation.at <= now)
        this.#fail(`gate ${gate.gateId} never escalated`);
      const policy = [...this.#shared.values()].find((booked) => this.#wouldAnswer(booked, gate, known));
      if (policy) this.#fail(`gate ${gate.gateId} waits though ${policy.policy.policyId} allows its call`);
    }
  }

  #opened(gate: Payloads["gate.opened"], { seq, createdAt }: SessionEvent): void {
    const { gateId, call, eligible = null, expiresAt } = gate;
    const at = Date.parse(createdAt);
    const isPast = (due: number | null) => due !== null && due <= at;
    if (gateId.startsWith("broken-")) this.#fail(`gate ${gateId} was opened by a method that failed`);
    if (this.#gates.has(gateId)) this.#fail(`gate ${gateId} was opened twice`);
    if (call && call.argumentsHash !== hashOf(call.arguments))
      this.#fail(`gate ${gateId} is about ${JSON.stringify(call)}, whose hash is ${hashOf(call.arguments)}`);
    this.#gates.set(gateId, {
      gate,
      openedSeq: seq,
      isAllowed:
        !isPast(expiresAt) &&
        [...this.#policies.values()].some((policy) => answers(policy, gate) && !isPast(policy.expiresAt)),
      eligible,
      isEscalated: false,
      status: null,
      allows: null,
    });
  }

  #answered(answered: Payloads["gate.answered"], event: SessionEvent): void {
    const { gateId, answer, arguments: changed, argumentsHash, policy } = answered;
    const known = this.#settled(gateId, "answered");
    if (!known) return;
    const { gate, eligible } = known;
    const at = Date.parse(event.createdAt);
    const isAllowing = answer === gate.options[0];
    const hash = changed === undefined ? gate.call?.argumentsHash : hashOf(changed);
    const is = JSON.stringify(answered);
    if (at >= (gate.expiresAt ?? Number.POSITIVE_INFINITY))
      this.#fail(`gate ${gateId} was answered at ${at}, expiry ${gate.expiresAt}`);
    if (!gate.options.includes(answer)) this.#fail(`gate ${gateId} has no such answer: ${is}`);
    if (changed !== undefined && !(gate.isEditable && isAllowing))
      this.#fail(`gate ${gateId} does not take other arguments: ${is}`);
    if (argumentsHash !== hash) this.#fail(`gate ${gateId} was answered for other arguments: ${is}`);
    const by = policy ? policy.by : event.actor;
    if (!by || (eligible && !eligible.includes(by.id)))
      this.#fail(`gate ${gateId} was for ${eligible}: ${is} of ${by?.id}`);
    if (policy) this.#byPolicy(answered, known, event);
    else this.#asAsked(answered, known, event);
    if (isAllowing) known.allows = hash ?? null;
  }

  /** A person's answer is what they sent. */
  #asAsked(answered: Payloads["gate.answered"], { gate }: Known, { clientEventId }: SessionEvent): void {
    const command = this.#answers.get(clientEventId ?? "")?.command;
    if (command?.op !== "answerGate") {
      this.#fail(`nobody gave the answer ${clientEventId} to ${gate.gateId}`);
      return;
    }
    const seen = command.argumentsHash ?? gate.call?.argumentsHash;
    const { gateId, answer, arguments: changed } = command;
    if (
      gateId !== gate.gateId ||
      answer !== answered.answer ||
      seen !== gate.call?.argumentsHash ||
      !isDeepStrictEqual(changed, answered.arguments)
    )
      this.#fail(`${JSON.stringify(command)} was taken as ${JSON.stringify(answered)}`);
  }

  #byPolicy(answered: Payloads["gate.answered"], known: Known, event: SessionEvent): void {
    const { policy, gateId } = answered;
    const { gate, openedSeq } = known;
    const booked = this.#shared.get(policy?.policyId ?? "");
    const own = this.#policies.get(policy?.policyId ?? "");
    const found = policy?.scope === "session" ? own : booked?.policy;
    const isFine =
      found &&
      answered.answer === gate.options[0] &&
      answered.arguments === undefined &&
      event.actor === null &&
      found.by.id === policy?.by.id &&
      matches(found, gate) &&
      (policy.scope !== "user" || gate.requestedBy === found.by.id) &&
      (found.expiresAt === null || found.expiresAt > Date.parse(event.createdAt));
    if (!isFine)
      this.#fail(
        `gate ${gateId} was answered by ${JSON.stringify(policy)}, which is ${JSON.stringify(found)}`,
      );
    if (policy?.scope !== "session" && openedSeq > (booked?.revokedAt?.get(this.#object) ?? openedSeq))
      this.#fail(`gate ${gateId} was answered by ${policy?.policyId}, revoked before it was opened`);
  }

  #expired(expired: Payloads["gate.expired"], { createdAt, actor }: SessionEvent): void {
    const { gateId, reason, default: standing } = expired;
    const known = this.#settled(gateId, "expired");
    if (!known) return;
    const { gate } = known;
    const at = Date.parse(createdAt);
    // Only what a run asked is ever withdrawn.
    if (reason === "withdrawn" && gateId.startsWith("run")) return;
    if (at < (gate.expiresAt ?? Number.POSITIVE_INFINITY) - this.#object.setBackMs)
      this.#fail(`gate ${gateId} expired at ${at}, not ${gate.expiresAt}`);
    if (reason !== "time" || actor || standing !== gate.default)
      this.#fail(`gate ${gateId} ended as ${JSON.stringify(expired)} by ${actor?.id}`);
    if (standing === gate.options[0]) known.allows = gate.call?.argumentsHash ?? null;
  }

  #settled(gateId: string, status: "answered" | "expired"): Known | null {
    const known = this.#gates.get(gateId);
    if (!known || known.status) this.#fail(`gate ${gateId} was settled twice or never opened`);
    if (known) known.status = status;
    return known ?? null;
  }

  #escalated({ gateId, to }: Payloads["gate.escalated"], { createdAt }: SessionEvent): void {
    const known = this.#gates.get(gateId);
    const { escalation } = known?.gate ?? {};
    if (!known || !escalation || known.status || known.isEscalated || !isDeepStrictEqual(to, escalation.to)) {
      this.#fail(`gate ${gateId} escalated to ${to}, having been ${JSON.stringify(known)}`);
      return;
    }
    if (Date.parse(createdAt) < escalation.at - this.#object.setBackMs)
      this.#fail(`gate ${gateId} escalated at ${createdAt}, due ${escalation.at}`);
    known.isEscalated = true;
    if (known.eligible) known.eligible = [...known.eligible, ...to];
  }

  #policyAdded(policy: Payloads["gate.policy_added"], { actor }: SessionEvent): void {
    if (this.#policies.has(policy.policyId) || actor?.id !== policy.by.id)
      this.#fail(`the policy ${JSON.stringify(policy)} was made twice or by ${actor?.id}`);
    this.#policies.set(policy.policyId, policy);
  }

  #policyRevoked({ policyId }: Payloads["gate.policy_revoked"]): void {
    if (!this.#policies.delete(policyId)) this.#fail(`the policy ${policyId} was revoked, and was none`);
  }

  #callMade({ gateId, name, input }: CallMade): void {
    const known = this.#gates.get(gateId);
    if (known?.gate.call?.name !== name || known.allows !== hashOf(input))
      this.#fail(
        `${name} was called with ${JSON.stringify(input)}; ${gateId} allows ${known?.allows ?? "nothing"}`,
      );
  }

  /** What ended or escalated was heard of in the same commit, once; what a policy of the session allows did not wait. */
  #endCommit(commit: readonly SessionEvent[]): void {
    const idsOf = (type: string) => idsIn(commit, (event) => event.type === type);
    const isEnd = ({ type }: SessionEvent) => type === "gate.answered" || type === "gate.expired";
    for (const [told, ended] of [
      [idsOf("verdict.heard"), idsIn(commit, isEnd)],
      [idsOf("escalation.heard"), idsOf("gate.escalated")],
    ])
      if (!isDeepStrictEqual(told, ended)) this.#fail(`of ${ended} the kind heard ${told} in that commit`);
    for (const gateId of idsOf("gate.opened")) {
      const known = this.#gates.get(gateId);
      if (known?.isAllowed && !known.status)
        this.#fail(`gate ${gateId} waits though a policy allows its call`);
    }
  }

  /** Whether a policy beyond the session was there before the gate and still is. */
  #wouldAnswer(
    { policy, madeAt, revokedAt }: BookedPolicy,
    gate: Known["gate"],
    { openedSeq }: Pick<Known, "openedSeq">,
  ): boolean {
    const isBefore = madeAt !== null && (madeAt.get(this.#object) ?? 0) < openedSeq;
    const isAsked = policy.scope === "kind" || gate.requestedBy === policy.by.id;
    return isBefore && isAsked && !revokedAt && answers(policy, gate);
  }
}

function idsIn(events: readonly SessionEvent[], isIt: (event: SessionEvent) => boolean): string[] {
  return events.filter(isIt).map(({ payload }) => (payload as unknown as { gateId: string }).gateId);
}

/** Whether a policy is for a gate as it was opened: those whom an escalation asks too come later. */
function answers(policy: Policy, gate: Known["gate"]): boolean {
  return (gate.eligible?.includes(policy.by.id) ?? true) && matches(policy, gate);
}

/** Of what the simulator makes policies of: a tool, or its beginning and a star, and arguments that are equal. */
function matches({ tool, arguments: pattern = {}, argumentsHash }: Policy, { call }: Known["gate"]): boolean {
  if (!call) return false;
  if (tool.endsWith("*") ? !call.name.startsWith(tool.slice(0, -1)) : call.name !== tool) return false;
  if (argumentsHash !== undefined && argumentsHash !== call.argumentsHash) return false;
  const input = call.arguments as Readonly<Record<string, unknown>>;
  return Object.entries(pattern).every(([key, value]) => isDeepStrictEqual(input[key], value));
}

/** The simulator's arguments have their keys in order, so that their JSON is the canonical one. */
function hashOf(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("hex");
}
