import * as z from "zod/mini";
import { actions, visibilities } from "./access.ts";
import { SessileError } from "./error.ts";
import { maxToolChars } from "./gate-policy.ts";
import type { Json } from "./json.ts";
import { lifecycles } from "./lifecycle.ts";
import { safeParse } from "./safe-parse.ts";

/**
 * What a client may ask a session to do. `id` is the client event id: the same id again answers what the first
 * answered and runs nothing.
 */
const json = z.custom<Json>((value) => value !== undefined);
const id = z.string();
const version = z.number().check(z.int(), z.nonnegative());

const append = z.strictObject({
  op: z.literal("append"),
  id: z.optional(id),
  type: z.string(),
  payload: z.optional(json),
});
const setState = z.strictObject({
  op: z.literal("setState"),
  id: z.optional(id),
  state: json,
  ifVersion: z.optional(version),
});
const reset = z.strictObject({ op: z.literal("reset"), id: z.optional(id) });
const setStatus = z.strictObject({
  op: z.literal("setStatus"),
  id: z.optional(id),
  to: z.string().check(z.maxLength(64)),
  expectedVersion: z.optional(version),
});
const setLifecycle = z.strictObject({
  op: z.literal("setLifecycle"),
  id: z.optional(id),
  to: z.enum(lifecycles),
  expectedVersion: z.optional(version),
});
const call = z.strictObject({
  op: z.literal("call"),
  id: z.optional(id),
  method: z.string(),
  args: z.array(json),
});
const answerGate = z.strictObject({
  op: z.literal("answerGate"),
  id: z.optional(id),
  gateId: z.string(),
  answer: z.string().check(z.maxLength(256)),
  /** Of a client's call that failed: its error. */
  comment: z.optional(z.string().check(z.maxLength(8192))),
  /** What the answerer was shown: the gate is about a call with other arguments if this is another one. */
  argumentsHash: z.optional(z.string().check(z.maxLength(64))),
  /** Runs the call with these instead. */
  arguments: z.optional(json),
  /** Answers by question; what a client's call gave. */
  result: z.optional(json),
  /** Allows calls like this one from now on: the same tool, or only the same arguments. */
  remember: z.optional(
    z.strictObject({ match: z.enum(["tool", "call"]), expiresAt: z.optional(z.nullable(version)) }),
  ),
});
const policyTool = z.string().check(z.minLength(1), z.maxLength(maxToolChars));
const addPolicy = z.strictObject({
  op: z.literal("addPolicy"),
  id: z.optional(id),
  tool: policyTool,
  arguments: z.optional(z.record(z.string(), json)),
  argumentsHash: z.optional(z.string().check(z.maxLength(64))),
  expiresAt: z.optional(z.nullable(version)),
});
const revokePolicy = z.strictObject({
  op: z.literal("revokePolicy"),
  id: z.optional(id),
  policyId: z.string().check(z.maxLength(128)),
});

/** Without `draftId` it is that of the author's draft there is, else the command's own id. */
const saveDraft = z.strictObject({
  op: z.literal("saveDraft"),
  id: z.optional(id),
  draftId: z.optional(id),
  type: z.string(),
  payload: z.optional(json),
});
const cancelDraft = z.strictObject({ op: z.literal("cancelDraft"), id: z.optional(id), draftId: id });
const sendDraft = z.strictObject({ op: z.literal("sendDraft"), id: z.optional(id), draftId: id });

const actorId = z.string().check(z.minLength(1), z.maxLength(128));
const setAccess = z.strictObject({
  op: z.literal("setAccess"),
  id: z.optional(id),
  visibility: z.optional(z.enum(visibilities)),
  ownerId: z.optional(actorId),
  members: z.optional(z.record(actorId, z.array(z.enum(actions)))),
});

export const commandSchema = z.discriminatedUnion("op", [
  append,
  setState,
  reset,
  setStatus,
  setLifecycle,
  call,
  answerGate,
  addPolicy,
  revokePolicy,
  saveDraft,
  cancelDraft,
  sendDraft,
  setAccess,
]);
/** What an answer to a gate says, beside which gate it is for. */
export type GateAnswer = Omit<z.infer<typeof answerGate>, "op" | "id" | "gateId">;
/** What a policy is made from. */
export type PolicyRequest = Omit<z.infer<typeof addPolicy>, "op" | "id">;
export type Command = z.infer<typeof commandSchema>;
export type CommandOp = Command["op"];

/** How one command ended. */
export type Outcome =
  | {
      readonly ok: true;
      /** Seq of the command's first event, or of the session if it wrote none. */
      readonly seq: number;
      /** True when an earlier delivery of the same id did the work. */
      readonly repeated: boolean;
      readonly result: Json | undefined;
    }
  | { readonly ok: false; readonly error: SessileError };

/**
 * Parses one command. Appends, nearly all of the traffic, are recognised by hand: a compiled schema would need `eval`,
 * which Workers forbid, and an interpreted one costs more than the rest of the append together.
 *
 * @param index of the command in a list at `path`
 * @throws SessileError `bad_request` naming the field
 */
export function parseCommand(value: Json, path: string, index?: number): Command {
  if (isPlainAppend(value)) return value;
  return parseWith(commandSchema, value, index === undefined ? path : `${path}.${index}`);
}

function isPlainAppend(value: unknown): value is Command {
  if (value === null || typeof value !== "object" || (value as { op?: unknown }).op !== "append")
    return false;
  const candidate = value as { [key: string]: unknown };
  for (const key in candidate) {
    if (key === "payload" || key === "op") continue;
    if ((key !== "id" && key !== "type") || typeof candidate[key] !== "string") return false;
  }
  return typeof candidate.type === "string";
}

/** Runs a schema and turns its first complaint into an error that names the field. */
export function parseWith<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  path: string,
): z.output<Schema> {
  const { success, data, issue } = safeParse(schema, value);
  if (success) return data;
  const field = [path, ...(issue?.path ?? [])].map(String).join(".");
  const known =
    issue?.code === "unrecognized_keys"
      ? `has unknown keys: ${issue.keys.slice(0, 5).map(shownKey).join(", ")}`
      : "is missing or has the wrong form";
  throw new SessileError("bad_request", `${field} ${known}.`, { field });
}

/** A key as a message repeats it: short, and without letters that a log or a close frame could trip over. */
function shownKey(key: string): string {
  return key.slice(0, 32).replace(/[^\x20-\x7e]/g, "?");
}
