import type { GateAnswer, PolicyRequest } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { AppliedPolicy, ExpiryReason, GateRecord } from "../protocol/gate.ts";
import type { Batch } from "./batch.ts";
import type { KindDefinition } from "./definition.ts";
import type { DueTable } from "./due-table.ts";
import { checkedAnswer } from "./gate-answers.ts";
import { addPolicy, answerOf, policyFor, rememberedCall, revokePolicy } from "./gate-policies.ts";
import type { GateRequest } from "./gate-request.ts";
import {
  escalateGate,
  expireGate,
  hasExpired,
  openGate,
  policyDuePrefix,
  readGate,
  settleAnswered,
  waitingGate,
} from "./gates.ts";
import type { Parts } from "./parts.ts";
import type { Sql } from "./sql.ts";

/** What happens to a session's gates and policies, inside one commit. */
export class GateWriter {
  readonly #sql: Sql;
  readonly #due: DueTable;
  readonly #batch: Batch;
  readonly #kind: KindDefinition;
  readonly #parts: Parts;

  constructor(sql: Sql, due: DueTable, batch: Batch, kind: KindDefinition, parts: Parts) {
    this.#sql = sql;
    this.#due = due;
    this.#batch = batch;
    this.#kind = kind;
    this.#parts = parts;
  }

  /** A policy of the session may have answered it when this returns. @returns the gate's id */
  open(request: GateRequest): string {
    const batch = this.#batch;
    const { gateId, opened } = openGate(this.#sql, this.#due, batch, request, this.#kind.limits);
    const policy = opened && policyFor(batch.view, opened, batch.at, this.#kind);
    if (policy) this.answerBy(gateId, policy);
    else if (opened?.call && opened.kind === undefined && this.#kind.hasSharedPolicies)
      this.#due.put(policyDuePrefix + gateId, batch.at);
    return gateId;
  }

  /** @throws SessileError `not_found`, `gate_closed`, `forbidden`, `bad_request`, `precondition_failed`, `limit_exceeded` */
  answer(gateId: string, answer: GateAnswer): void {
    const batch = this.#batch;
    const gate = waitingGate(this.#sql, gateId, batch.at);
    const answered = checkedAnswer(gate, answer, batch.actor, this.#kind.limits);
    this.#parts.assertThere(answered.arguments, "arguments");
    this.#parts.assertThere(answered.result, "result");
    const remembered = rememberedCall(gate, answer);
    const { origin: via } = batch;
    const record = settleAnswered(this.#sql, this.#due, batch, gate, {
      ...answered,
      ...(via === undefined ? {} : { via }),
    });
    if (remembered) this.addPolicy(remembered);
    this.#settled(record);
  }

  /** For an answer that a method gives: its caller may have needed less to call it. @throws SessileError `forbidden` */
  assertMayApprove(): void {
    const { actor, rights, isOwn } = this.#batch;
    const isGranted = rights?.includes("approve") !== false;
    if (isGranted && (isOwn || this.#kind.mayApprove?.(actor) !== false)) return;
    throw new SessileError("forbidden", "You may not approve in this session.");
  }

  /** In nobody's hand: the event names the policy, and whose it is. Nothing happens to a gate that waits no more. */
  answerBy(gateId: string, policy: AppliedPolicy): void {
    const record = readGate(this.#sql, gateId);
    if (!record || record.outcome || hasExpired(record.gate, this.#batch.at)) return;
    this.#batch.as(null, () =>
      this.#settled(
        settleAnswered(this.#sql, this.#due, this.#batch, record.gate, answerOf(record.gate, policy)),
      ),
    );
  }

  expire(gateId: string, reason: ExpiryReason): void {
    const settled = expireGate(this.#sql, this.#due, this.#batch, gateId, reason);
    if (settled && reason !== "terminated") this.#settled(settled);
  }

  /** The gate's row of due work rang: it escalates, or has expired. */
  rang(gateId: string): void {
    const record = readGate(this.#sql, gateId);
    if (!record || record.outcome) return;
    const { at } = this.#batch;
    const { escalation } = record.gate;
    if (hasExpired(record.gate, at)) this.expire(gateId, "time");
    else if (escalation && !escalation.isDone && escalation.at <= at) {
      const gate = escalateGate(this.#sql, this.#due, this.#batch, record.gate);
      this.#kind.gateEscalated?.(gate);
    }
  }

  addPolicy(request: PolicyRequest): string {
    return addPolicy(this.#batch, request, this.#kind.limits);
  }

  revokePolicy(policyId: string): void {
    revokePolicy(this.#batch, policyId);
  }

  #settled({ gate, outcome }: GateRecord): void {
    if (!outcome) throw new SessileError("internal", "A gate was settled without an outcome.");
    this.#kind.gateSettled(gate, outcome);
  }
}
