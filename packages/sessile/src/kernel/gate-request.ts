import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import {
  type Gate,
  type GateEscalation,
  type GateKind,
  type GateQuestion,
  gateCall,
} from "../protocol/gate.ts";
import { assertJson, type Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";

export interface GateRequest {
  /** Stable id; opening the same id again is a no-op, so that a repeated step asks once. Default: `g{seq}`. */
  readonly gateId?: string;
  /** `approval` (default): one of the options; `question`: answers; `tool`: what a call gives that a client carries out. */
  readonly kind?: GateKind;
  readonly title: string;
  readonly detail?: string;
  /** Of an approval; the first one lets the call run. Default: approve, reject. */
  readonly options?: readonly string[];
  /** The one call that this is about. */
  readonly call?: { readonly name: string; readonly arguments?: Json; readonly callId?: string };
  /** Of a question. Default: its title, answered by any text. */
  readonly questions?: readonly GateQuestion[];
  /** Whoever approves may change the call's arguments. */
  readonly isEditable?: boolean;
  /** Ids of the actors who may answer, if they may approve at all. Default: everyone who may approve. */
  readonly eligible?: readonly string[];
  /** On whose behalf: an actor's id. Default: whoever sent the command that opens it. */
  readonly requestedBy?: string;
  /** Whom to ask too if nobody has answered by then. */
  readonly escalation?: Pick<GateEscalation, "at" | "to">;
  /** The option that counts if nobody answers in time. It is recorded as what it is: nobody's answer. */
  readonly default?: string;
  /** Milliseconds since 1970. Default: waits for ever. */
  readonly expiresAt?: number;
}

const maxIdChars = 256;
const maxTitleChars = 1000;
const maxDetailChars = 64_000;
const maxPeople = 100;
const maxQuestions = 20;

const optionsByKind: Readonly<Record<GateKind, readonly string[]>> = {
  approval: ["approve", "reject"],
  question: ["answer", "decline"],
  tool: ["result", "error"],
};

/** The gate that a request asks for. @throws SessileError `bad_request`, `limit_exceeded` */
export function gateOf(
  request: GateRequest,
  gateId: string,
  actor: Actor | null,
  limits: Limits,
): Omit<Gate, "openedAt"> {
  const { kind = "approval", title, detail = "", call, eligible, escalation } = request;
  const { requestedBy = actor?.id, default: standing } = request;
  const options = request.options ?? optionsByKind[kind];
  assertOf(kind, request, options);
  bounded("gateId", gateId.length, maxIdChars);
  bounded("title", title.length, maxTitleChars);
  bounded("detail", detail.length, maxDetailChars);
  bounded("eligible", eligible?.length ?? 0, maxPeople);
  bounded("escalation.to", escalation?.to.length ?? 0, maxPeople);
  if (standing !== undefined && !options.includes(standing))
    refuse("default", "default is one of the options.");
  return {
    gateId,
    ...(kind === "approval" ? {} : { kind }),
    title,
    detail,
    options,
    ...(call ? { call: callOf(call, limits) } : {}),
    ...(kind === "question" ? { questions: questionsOf(request) } : {}),
    ...(request.isEditable ? { isEditable: true as const } : {}),
    ...(eligible ? { eligible } : {}),
    ...(requestedBy === undefined ? {} : { requestedBy }),
    ...(escalation ? { escalation: { at: escalation.at, to: escalation.to } } : {}),
    ...(standing === undefined ? {} : { default: standing }),
    expiresAt: request.expiresAt ?? null,
  };
}

function assertOf(kind: GateKind, request: GateRequest, options: readonly string[]): void {
  if (options.length === 0) refuse("options", "A gate has at least one option.");
  if (kind !== "approval" && request.options) refuse("options", "Only an approval has options of its own.");
  if (kind === "tool" && !request.call) refuse("call", "A client is to carry out a call: name it.");
  if (request.isEditable && (kind !== "approval" || !request.call))
    refuse("isEditable", "Only the arguments of a call that is approved can be changed.");
  if (request.questions && kind !== "question") refuse("questions", "Only a question has questions.");
}

function callOf(call: NonNullable<GateRequest["call"]>, limits: Limits): NonNullable<Gate["call"]> {
  const args = call.arguments ?? null;
  assertJson(args, "call.arguments", limits.maxDepth);
  bounded("call.name", call.name.length, maxIdChars);
  bounded("call.callId", call.callId?.length ?? 0, maxIdChars);
  const chars = JSON.stringify(args).length;
  if (chars > limits.maxPayloadChars)
    throw new SessileError(
      "limit_exceeded",
      `The arguments of a call are at most ${limits.maxPayloadChars} characters of JSON.`,
      { field: "call.arguments", limit: "maxPayloadChars" },
    );
  return gateCall(call.name, args, call.callId);
}

function questionsOf({ title, questions }: GateRequest): readonly GateQuestion[] {
  if (!questions || questions.length === 0) return [{ question: title }];
  bounded("questions", questions.length, maxQuestions);
  if (new Set(questions.map(({ question }) => question)).size < questions.length)
    refuse("questions", "Two questions are the same, so that their answers could not be told apart.");
  return questions;
}

function bounded(field: string, length: number, most: number): void {
  if (length > most)
    throw new SessileError("limit_exceeded", `${field} of a gate is at most ${most} long.`, { field });
}

function refuse(field: string, message: string): never {
  throw new SessileError("bad_request", message, { field });
}
