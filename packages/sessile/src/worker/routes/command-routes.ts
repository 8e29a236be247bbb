import { Hono } from "hono";
import { type Action, actionOf } from "../../protocol/access.ts";
import { parseCommand } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { protocolVersion, type RequestAck, type WelcomeFrame } from "../../protocol/frame.ts";
import type { Json } from "../../protocol/json.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { WireOutcome } from "../../protocol/request.ts";
import { integerParam } from "../query.ts";
import { maxWaitSeconds, readObject, type SessionVariables } from "./session-routes.ts";

/** What a client without a socket says and hears in place of `hello` and `do`: the same frames, one request each. */
export function commandRoutes(): Hono<{ Variables: SessionVariables }> {
  const routes: Hono<{ Variables: SessionVariables }> = new Hono();

  routes.get("/welcome", async (context) => {
    await context.var.require("read");
    const after = context.req.query("after");
    const known = after === undefined ? null : integerParam(after, "after", 0, 0, Number.MAX_SAFE_INTEGER);
    const welcome = await welcomeOf(context.var, known, context.req.query("from") === "snapshot");
    return Response.json(welcome, { headers: { "cache-control": "private, no-store" } });
  });

  routes.post("/commands", async (context) => {
    const rights = await context.var.rights();
    // Whoever may do nothing here is refused before the body is read; others are told command by command.
    if (rights.length === 0) await context.var.require("read");
    const wait = waitOf(context.req.header("prefer"));
    const { commands } = await readObject(context.req.raw);
    return Response.json({ items: await acksOf(context.var, rights, assertCommands(commands), wait) });
  });

  return routes;
}

/**
 * `respond-async` does not wait for asynchronous calls, `respond-async, wait=25` so many seconds until one of them ends.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4
 */
function waitOf(prefer = ""): { readonly waitMs?: number } {
  const preferences = prefer.toLowerCase().split(/\s*[,;]\s*/);
  if (!preferences.includes("respond-async")) return {};
  const wait = preferences.find((preference) => preference.startsWith("wait="))?.slice("wait=".length);
  return { waitMs: integerParam(wait, "Prefer: wait", 0, 0, maxWaitSeconds) * 1_000 };
}

async function welcomeOf(
  { target, actor }: SessionVariables,
  after: number | null,
  fromSnapshot: boolean,
): Promise<WelcomeFrame> {
  const view = await target.ask({ op: "view", connects: true }, actor);
  const { draft } = await target.ask({ op: "draft" }, actor);
  const newest = fromSnapshot ? (await target.ask({ op: "lastSnapshot" }, actor)).snapshot : null;
  // As `hello` is answered: a cursor beyond the end belongs to a session that is no more.
  const resumes = after !== null && after <= view.lastSeq;
  const sealed = newest && newest.toSeq > (resumes ? after : 0) ? newest : null;
  const { view: sealedView, ...snapshot } = sealed ?? { view };
  return {
    t: "welcome",
    v: protocolVersion,
    peerId: `http-${crypto.randomUUID()}`,
    actor,
    lastSeq: view.lastSeq,
    createdAt: view.createdAt,
    ...(draft ? { draft } : {}),
    ...(sealed || !resumes ? { view: sealedView } : {}),
    ...(sealed ? { snapshot: snapshot as NonNullable<WelcomeFrame["snapshot"]> } : {}),
  };
}

function assertCommands(commands: Json | undefined): readonly Json[] {
  if (!Array.isArray(commands) || commands.length === 0) {
    throw new SessileError("bad_request", "commands is an array of at least one command.", {
      field: "commands",
    });
  }
  const { maxCommandsPerFrame } = defaultLimits;
  if (commands.length <= maxCommandsPerFrame) return commands;
  throw new SessileError(
    "limit_exceeded",
    `One frame or request carries at most ${maxCommandsPerFrame} commands.`,
    { field: "commands", limit: "maxCommandsPerFrame" },
  );
}

/** Each command on its own, as in a frame: a bad or forbidden one is answered with its error and the others go on. */
async function acksOf(
  { target, actor }: SessionVariables,
  rights: readonly Action[],
  values: readonly Json[],
  wait: { readonly waitMs?: number },
): Promise<readonly RequestAck[]> {
  const acks: RequestAck[] = [];
  const allowed: { readonly id: string; readonly value: Json; readonly at: number }[] = [];
  for (const [at, value] of values.entries()) {
    try {
      allowed.push({ id: permittedId(value, `commands.${at}`, rights), value, at });
    } catch (thrown) {
      acks[at] = { id: idOf(value), error: SessileError.from(thrown).toWire() };
    }
  }
  if (allowed.length > 0) {
    const commands = allowed.map(({ value }) => value);
    const chars = JSON.stringify(commands).length;
    const { outcomes } = await target.ask({ op: "commands", commands, chars, rights, ...wait }, actor);
    for (const [index, { id, at }] of allowed.entries()) acks[at] = ackOf(id, outcomes[index]);
  }
  return acks;
}

/** @throws SessileError `bad_request` for a command that is malformed or has no id, `forbidden` */
function permittedId(value: Json, field: string, rights: readonly Action[]): string {
  const { id, op } = parseCommand(value, field);
  if (id === undefined) {
    throw new SessileError("bad_request", `${field}.id is missing: sent again, it could run twice.`, {
      field: `${field}.id`,
    });
  }
  const action = actionOf(op);
  if (!rights.includes(action)) throw new SessileError("forbidden", `You may not ${action} in this session.`);
  return id;
}

function ackOf(id: string, outcome: WireOutcome | null | undefined): RequestAck {
  if (outcome === null) return { id, running: true };
  if (!outcome) throw new SessileError("internal", "The session gave no answer.");
  if (!outcome.ok) return { id, error: outcome.error };
  const { seq, repeated, result } = outcome;
  return { id, seq, ...(repeated ? { repeated } : {}), ...(result === undefined ? {} : { result }) };
}

function idOf(value: Json): string {
  const id = value !== null && typeof value === "object" && "id" in value ? value.id : undefined;
  return typeof id === "string" ? id.slice(0, 128) : "";
}
