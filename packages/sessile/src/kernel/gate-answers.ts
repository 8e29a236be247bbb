import type { GateAnswer } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { allowingOption, type Gate, type GateQuestion, hashOf } from "../protocol/gate.ts";
import { assertJson, type Json } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import type { AnsweredWith } from "./gates.ts";

/**
 * What an answer comes to, if this gate takes it from them.
 *
 * @throws SessileError `forbidden`, `bad_request`, `precondition_failed`, `limit_exceeded`; then nothing has changed
 */
export function checkedAnswer(
  gate: Gate,
  answer: GateAnswer,
  actor: Actor | null,
  limits: Limits,
): AnsweredWith {
  const { kind = "approval", call } = gate;
  if (!mayAnswer(gate, actor)) throw new SessileError("forbidden", "This gate is for others to answer.");
  if (!gate.options.includes(answer.answer))
    refuse("answer", `This gate takes one of: ${gate.options.join(", ")}.`);
  const { argumentsHash: seen } = answer;
  if (seen !== undefined && seen !== call?.argumentsHash)
    throw new SessileError("precondition_failed", "This gate is not about the call that was answered.", {
      field: "argumentsHash",
      current: call?.argumentsHash ?? null,
    });
  const given = {
    ...changedArguments(gate, answer, limits),
    ...givenResult(kind, gate, answer, limits),
  };
  const runsWith = given.arguments === undefined ? call?.argumentsHash : hashOf(given.arguments);
  return {
    answer: answer.answer,
    comment: answer.comment ?? null,
    ...given,
    ...(runsWith === undefined ? {} : { argumentsHash: runsWith }),
  };
}

/** Whoever the authorizer lets approve, unless the gate names who it is for. */
export function mayAnswer({ eligible }: Gate, actor: Actor | null): boolean {
  return eligible === undefined || (actor !== null && eligible.includes(actor.id));
}

function changedArguments(
  gate: Gate,
  { answer, arguments: changed }: GateAnswer,
  limits: Limits,
): { readonly arguments?: Json } {
  if (changed === undefined) return {};
  if (!gate.isEditable || answer !== allowingOption(gate))
    refuse("arguments", "This gate takes the call as it is: its arguments cannot be changed.");
  assertFits("arguments", changed, limits);
  return { arguments: changed };
}

/** A result is what a client's call gave, or answers to questions; it can never stand in for an approval. */
function givenResult(
  kind: NonNullable<Gate["kind"]>,
  gate: Gate,
  { answer, comment, result }: GateAnswer,
  limits: Limits,
): { readonly result?: Json } {
  if (answer === "error" && kind === "tool" && comment === undefined)
    refuse("comment", "Say why the call failed.");
  const wanted = (kind === "tool" && answer === "result") || (kind === "question" && answer === "answer");
  if (!wanted && result !== undefined) refuse("result", `The answer "${answer}" brings no result here.`);
  if (!wanted) return {};
  if (result === undefined) refuse("result", `The answer "${answer}" brings a result.`);
  assertFits("result", result as Json, limits);
  if (kind === "question") assertAnswers(gate.questions ?? [], result as Json);
  return { result: result as Json };
}

function assertAnswers(questions: readonly GateQuestion[], result: Json): void {
  if (result === null || typeof result !== "object" || Array.isArray(result))
    refuse("result", "Answers are an object, keyed by the questions.");
  const answers = result as { readonly [question: string]: Json };
  for (const key of Object.keys(answers)) {
    if (!questions.some(({ question }) => question === key)) refuse("result", "That was not asked.");
  }
  for (const { question, options, multiple = false } of questions) {
    const given = Object.hasOwn(answers, question) ? answers[question] : undefined;
    const texts = multiple && Array.isArray(given) ? (given as readonly Json[]) : [given];
    const isText = texts.every((text) => typeof text === "string");
    if (!isText || Array.isArray(given) !== multiple)
      refuse("result", `Every question is answered by ${multiple ? "a list of texts" : "a text"}.`);
    if (options && !texts.every((text) => options.includes(text as string)))
      refuse("result", `An answer is one of: ${options.join(", ")}.`);
  }
}

function assertFits(field: string, value: Json, { maxDepth, maxGateResultChars }: Limits): void {
  assertJson(value, field, maxDepth);
  if (JSON.stringify(value).length <= maxGateResultChars) return;
  throw new SessileError(
    "limit_exceeded",
    `What an answer brings is at most ${maxGateResultChars} characters of JSON.`,
    { field, limit: "maxGateResultChars" },
  );
}

function refuse(field: string, message: string): never {
  throw new SessileError("bad_request", message, { field });
}
