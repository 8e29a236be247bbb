import { z } from "zod";
import { visibilities } from "../../protocol/access.ts";
import {
  actions,
  type Json,
  type RunRequest,
  type RunStop,
  SessileError,
  safeParse,
} from "../../protocol/index.ts";
import type { Asker, Delegation } from "../children/child-sessions.ts";

const runRequest = z.strictObject({
  agent: z.string().max(64).optional(),
  message: z.string().min(1).optional(),
  // Keys are made of it, and have bounds of their own.
  runId: z.string().min(1).max(64).optional(),
  from: z.strictObject({ runId: z.string().max(128), step: z.int().min(1) }).optional(),
});

const delegation = z.strictObject({
  agent: z.string().max(64).optional(),
  message: z.string().min(1),
  runId: z.string().min(1).max(64),
  goOnAs: z.string().min(1).max(64).optional(),
  deadlineMs: z.int().min(1).optional(),
  budget: z
    .strictObject({ tokens: z.int().min(1).optional(), costMicros: z.int().min(1).optional() })
    .optional(),
  outputSchema: z.json().optional(),
  startedBy: z.string().max(256).optional(),
  access: z
    .strictObject({
      ownerId: z.string().nullable(),
      visibility: z.enum(visibilities),
      members: z.record(z.string(), z.array(z.enum(actions))),
    })
    .optional(),
});

const stopRequest = z.strictObject({
  how: z.enum(["interrupt", "abort"]),
  runId: z.string().max(128).optional(),
  force: z.boolean().optional(),
});

type StopRequest = { readonly how: RunStop; readonly runId?: string; readonly force?: boolean };

/** @throws SessileError `bad_request` naming the field */
export function parseRunRequest(value: Json): RunRequest {
  return parsed(runRequest, value) as RunRequest;
}

/** @throws SessileError `bad_request` naming the field */
export function parseDelegation(value: Json): Delegation & Asker {
  return parsed(delegation, value) as Delegation & Asker;
}

/** @throws SessileError `bad_request` naming the field */
export function parseStopRequest(value: Json): StopRequest {
  const request = parsed(stopRequest, value) as StopRequest;
  if (request.force && request.how !== "abort")
    throw new SessileError("bad_request", "Only an abort is forced.", { field: "force" });
  return request;
}

function parsed<T>(schema: z.ZodType<T>, value: Json): T {
  const { success, data, issue } = safeParse(schema, value);
  if (success) return data;
  const field = issue?.path.join(".") || "request";
  throw new SessileError("bad_request", `${field}: ${issue?.message ?? "not understood"}.`, { field });
}
