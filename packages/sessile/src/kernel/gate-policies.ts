import type { GateAnswer, PolicyRequest } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import { type AppliedPolicy, allowingOption, type Gate } from "../protocol/gate.ts";
import { type GatePolicy, matchesCall, maxPatternChars } from "../protocol/gate-policy.ts";
import { assertJson } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import type { SessionView } from "../protocol/view.ts";
import type { Batch } from "./batch.ts";
import type { KindDefinition } from "./definition.ts";
import { mayAnswer } from "./gate-answers.ts";
import type { AnsweredWith } from "./gates.ts";

/** The id of a policy's event is its own: it follows from the log. @returns the policy's id */
export function addPolicy(batch: Batch, request: PolicyRequest, limits: Limits): string {
  const { actor } = batch;
  if (!actor) throw new SessileError("unauthenticated", "A policy is somebody's: say who you are first.");
  if (Object.keys(batch.view.policies ?? {}).length >= limits.maxGatePolicies)
    throw new SessileError(
      "limit_exceeded",
      `A session has at most ${limits.maxGatePolicies} policies. Revoke those that no longer matter.`,
      { field: "tool", limit: "maxGatePolicies" },
    );
  assertPattern(request);
  const { tool, arguments: pattern, argumentsHash, expiresAt = null } = request;
  const policyId = `p${batch.lastSeq + 1}`;
  batch.emitSystem("gate.policy_added", {
    policyId,
    tool,
    ...(pattern === undefined ? {} : { arguments: pattern }),
    ...(argumentsHash === undefined ? {} : { argumentsHash }),
    by: actor,
    expiresAt,
  });
  return policyId;
}

/** @throws SessileError `bad_request`, `limit_exceeded` */
export function assertPattern({ arguments: pattern }: PolicyRequest): void {
  if (pattern === undefined) return;
  assertJson(pattern, "arguments");
  if (JSON.stringify(pattern).length > maxPatternChars)
    throw new SessileError(
      "limit_exceeded",
      `The arguments of a policy are at most ${maxPatternChars} characters of JSON.`,
      { field: "arguments" },
    );
}

/** @throws SessileError `not_found` */
export function revokePolicy(batch: Batch, policyId: string): void {
  if (!Object.hasOwn(batch.view.policies ?? {}, policyId))
    throw new SessileError("not_found", "This session has no such policy.", { field: "policyId" });
  batch.emitSystem("gate.policy_revoked", { policyId });
}

/** What a "remember this" beside an approval asks for. */
export function rememberedCall(gate: Gate, { answer, remember }: GateAnswer): PolicyRequest | null {
  if (!remember) return null;
  const { call } = gate;
  if (!call || (gate.kind ?? "approval") !== "approval" || answer !== allowingOption(gate))
    throw new SessileError("bad_request", "Only the approval of a call can be remembered.", {
      field: "remember",
    });
  // A star would stand for more than was seen.
  if (call.name.includes("*"))
    throw new SessileError("bad_request", "A call of this name cannot be remembered.", { field: "remember" });
  const { match, expiresAt = null } = remember;
  return {
    tool: call.name,
    ...(match === "call" ? { argumentsHash: call.argumentsHash } : {}),
    expiresAt,
  };
}

type PolicyJudge = Pick<KindDefinition, "mayApprove">;

/** The session's policy that lets the gate's call run. */
export function policyFor(
  view: SessionView,
  gate: Gate,
  now: number,
  judge: PolicyJudge,
): AppliedPolicy | null {
  const found = Object.values(view.policies ?? {}).find((policy) => applies(policy, gate, now, judge));
  return found ? { policyId: found.policyId, scope: "session", by: found.by } : null;
}

/** Whether a policy answers a gate: it does what its maker could do now. */
export function applies(policy: GatePolicy, gate: Gate, now: number, judge: PolicyJudge): boolean {
  const { call, kind = "approval" } = gate;
  if (!call || kind !== "approval" || (policy.expiresAt !== null && policy.expiresAt <= now)) return false;
  return mayAnswer(gate, policy.by) && matchesCall(policy, call) && (judge.mayApprove?.(policy.by) ?? true);
}

export function answerOf(gate: Gate, policy: AppliedPolicy): AnsweredWith {
  const { call } = gate;
  return {
    answer: allowingOption(gate) ?? "",
    comment: null,
    via: "policy",
    policy,
    ...(call ? { argumentsHash: call.argumentsHash } : {}),
  };
}
