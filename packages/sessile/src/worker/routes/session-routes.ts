import { type Context, Hono } from "hono";
import type { Action } from "../../protocol/access.ts";
import type { Draft } from "../../protocol/draft.ts";
import { SessileError } from "../../protocol/error.ts";
import { type Actor, eventsOf, type SessionEvent } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import { subprotocol } from "../../protocol/frame.ts";
import { type Json, parseJson } from "../../protocol/json.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { WireOutcome } from "../../protocol/request.ts";
import { sha256Hex } from "../../protocol/sha256.ts";
import type { StreamSegment } from "../../protocol/stream.ts";
import type { SessionView } from "../../protocol/view.ts";
import { MethodNotAllowed } from "../problem.ts";
import { integerParam } from "../query.ts";
import type { SessionTarget } from "../session-stub.ts";
import { showView } from "../show-view.ts";
import { snapshotPage } from "../snapshot-page.ts";
import { eventStreamHeaders, eventStreamResponse, nextEvents } from "../streams/event-stream.ts";

/** What routes below one session share. */
export interface SessionVariables {
  readonly target: SessionTarget;
  readonly actor: Actor | null;
  /** @throws SessileError `unauthenticated`, `forbidden` */
  readonly require: (action: Action) => Promise<void>;
  /** Everything this request's sender may do: a socket is asked no more once it is open. */
  readonly rights: () => Promise<readonly Action[]>;
}

type Routes = Hono<{ Variables: SessionVariables }>;
type RouteContext = Context<{ Variables: SessionVariables }>;

export const maxWaitSeconds = 55;

/** What each address takes; the routes below must agree. */
const methodsByPath: { readonly [path: string]: readonly string[] } = {
  "/": ["GET", "HEAD", "DELETE"],
  "/events": ["GET", "HEAD", "POST"],
  "/commands": ["POST"],
  "/welcome": ["GET", "HEAD"],
  "/lifecycle": ["POST"],
  "/access": ["POST"],
  "/status": ["POST"],
  "/state": ["GET", "HEAD", "PUT"],
  "/reset": ["POST"],
  "/call/:method": ["POST"],
  "/draft": ["GET", "HEAD", "PUT", "DELETE"],
  "/draft/send": ["POST"],
  "/log": ["GET", "HEAD"],
  "/parts": ["POST"],
  "/parts/:hash": ["GET", "HEAD", "PUT"],
};

/** Everything below `/v1/sessions/{kind}/{name}`. */
export function sessionRoutes(): Routes {
  const routes: Routes = new Hono();

  routes.get("/", async (context) => {
    const { target, actor } = context.var;
    await context.var.require("read");
    if (isUpgrade(context.req.raw)) return target.forward(context.req.raw, actor, await context.var.rights());
    const view = await target.ask({ op: "view" }, actor);
    return conditional(context.req.raw, `"${view.lastSeq}"`, () => showView(view));
  });

  routes.get("/events", readEvents);
  routes.post("/events", appendEvents);
  addState(routes);
  addCommands(routes);

  routes.get("/log", async (context) => {
    await context.var.require("admin");
    const { tag, level } = context.req.query();
    const { entries } = await context.var.target.ask(
      {
        op: "log",
        since: integerParam(context.req.query("since"), "since", 0, 0, Number.MAX_SAFE_INTEGER),
        limit: integerParam(context.req.query("limit"), "limit", 100, 1, 10_000),
        ...(tag === undefined ? {} : { tag }),
        ...(level === undefined ? {} : { level }),
      },
      context.var.actor,
    );
    return Response.json({ items: entries });
  });

  for (const [path, methods] of Object.entries(methodsByPath)) {
    routes.all(path, () => {
      throw new MethodNotAllowed(methods);
    });
  }
  return routes;
}

/** `GET …/events`: a page of the log, waited for if it is empty and that was asked for, or all of it as server-sent events. */
async function readEvents(context: RouteContext): Promise<Response> {
  const { target, actor } = context.var;
  await context.var.require("read");
  const after = integerParam(
    context.req.header("last-event-id") ?? context.req.query("after"),
    "after",
    0,
    0,
    Number.MAX_SAFE_INTEGER,
  );
  const limit = integerParam(context.req.query("limit"), "limit", 100, 1, defaultLimits.maxPageEvents);
  const wait = integerParam(context.req.query("wait"), "wait", 0, 0, maxWaitSeconds);
  const knownDraft = context.req.query("draft");
  if (context.req.header("accept")?.includes("text/event-stream")) {
    // Nobody would read the stream, and nobody end it.
    if (context.req.method === "HEAD") return new Response(null, { headers: eventStreamHeaders });
    return eventStreamResponse(target, actor, after, knownDraft !== undefined);
  }
  if (context.req.query("from") === "snapshot") {
    const page = await snapshotPage(target, actor, after, limit);
    if (page) return page;
  }
  const isKnown = (draft: Draft | null): boolean =>
    knownDraft === undefined || draftVersionOf(draft) === knownDraft;
  const page = await readPage(target, actor, after, limit, knownDraft !== undefined);
  if (page.events.length === 0 && wait > 0 && isKnown(page.draft ?? null)) {
    const news = await nextEvents(target, actor, after, wait * 1000, isKnown);
    page.events = news.events.slice(0, limit);
    page.lastSeq = Math.max(page.lastSeq, news.events.at(-1)?.seq ?? 0);
    if (news.draft !== undefined) page.draft = news.draft;
  }
  const nextAfter = page.events.at(-1)?.seq ?? after;
  const draftVersion = page.draft === undefined ? undefined : draftVersionOf(page.draft);
  const tag = [after, nextAfter, page.lastSeq, page.createdAt, draftVersion ?? []].flat().join("-");
  return conditional(context.req.raw, `"${tag}"`, () => ({
    items: page.events,
    nextAfter,
    hasMore: nextAfter < page.lastSeq,
    lastSeq: page.lastSeq,
    createdAt: new Date(page.createdAt).toISOString(),
    ...(draftVersion === undefined ? {} : { draft: page.draft, draftVersion }),
  }));
}

async function appendEvents(context: RouteContext): Promise<Response> {
  await context.var.require("write");
  const body = await readBody(context.req.raw);
  const many = Array.isArray(body);
  const key = many ? undefined : context.req.header("idempotency-key");
  const commands = (many ? (body as readonly Json[]) : [body]).map((each) => appendOf(each, key));
  const { outcomes } = await run(context.var, commands);
  const answers = await Promise.all(outcomes.map((outcome) => appended(context.var, outcome)));
  if (many) return Response.json({ items: answers });
  const [only] = outcomes;
  if (only && !only.ok) throw SessileError.fromWire(only.error);
  return Response.json(answers[0], { status: only?.ok && only.repeated ? 200 : 201 });
}

function addState(routes: Routes): void {
  routes.get("/state", async (context) => {
    await context.var.require("read");
    const view = await context.var.target.ask({ op: "view" }, context.var.actor);
    return conditional(context.req.raw, `"${view.version}"`, () => view.state);
  });

  routes.put("/state", async (context) => {
    await context.var.require("write");
    const match = context.req.header("if-match");
    const ifVersion =
      match === undefined
        ? undefined
        : integerParam(match.replace(/^(?:W\/)?"|"$/g, ""), "If-Match", 0, 0, Number.MAX_SAFE_INTEGER);
    const state = await readBody(context.req.raw);
    return runOne(context.var, context.req.raw, {
      op: "setState",
      state,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    });
  });

  routes.post("/reset", async (context) => {
    await context.var.require("admin");
    return runOne(context.var, context.req.raw, { op: "reset" });
  });
}

/** Commands that have an address of their own. */
function addCommands(routes: Routes): void {
  routes.post("/lifecycle", async (context) => {
    await context.var.require("admin");
    return runOne(context.var, context.req.raw, {
      ...(await readObject(context.req.raw)),
      op: "setLifecycle",
    });
  });

  routes.post("/access", async (context) => {
    await context.var.require("admin");
    return runOne(context.var, context.req.raw, { ...(await readObject(context.req.raw)), op: "setAccess" });
  });

  routes.post("/status", async (context) => {
    await context.var.require("write");
    return runOne(context.var, context.req.raw, { ...(await readObject(context.req.raw)), op: "setStatus" });
  });

  routes.post("/call/:method", async (context) => {
    await context.var.require("write");
    const args = await readBody(context.req.raw, []);
    if (!Array.isArray(args))
      throw new SessileError("bad_request", "The body is the method's arguments as a JSON array.", {
        field: "body",
      });
    const call = { op: "call", method: context.req.param("method"), args };
    return runOne(context.var, context.req.raw, call, await context.var.rights());
  });
}

export function isUpgrade(request: Request): boolean {
  return (
    request.headers.get("upgrade")?.toLowerCase() === "websocket" &&
    (request.headers.get("sec-websocket-protocol") ?? "").split(/,\s*/).includes(subprotocol)
  );
}

interface Page {
  events: readonly SessionEvent[];
  lastSeq: number;
  /** Another one than before tells of another session under the same name. */
  createdAt: number;
  /** Absent if it was not asked for. */
  draft?: Draft | null;
}

function draftVersionOf(draft: Draft | null): string {
  return draft ? sha256Hex(JSON.stringify(draft)).slice(0, 16) : "none";
}

async function readPage(
  target: SessionTarget,
  actor: Actor | null,
  after: number,
  limit: number,
  withDraft = false,
): Promise<Page> {
  const { commits, draft, ...about } = await target.ask(
    { op: "events", after, limit, ...(withDraft ? { withDraft } : {}) },
    actor,
  );
  const key = sessionKeyOf(target.kind, target.name);
  return {
    events: commits
      .flatMap((commit) => eventsOf(commit, key, after))
      .slice(0, limit)
      .map(shownEvent),
    lastSeq: about.lastSeq,
    createdAt: about.createdAt,
    ...(draft === undefined ? {} : { draft }),
  };
}

/** A segment's chunks are read from its stream. */
function shownEvent(event: SessionEvent): SessionEvent {
  if (event.type !== "stream.segment") return event;
  const { chunks: _chunks, ...payload } = event.payload as unknown as StreamSegment;
  return { ...event, payload: payload as unknown as Json };
}

/** A poller that has what there is gets 304 and no body. */
function conditional(request: Request, etag: string, body: () => unknown): Response {
  const headers = { etag, "cache-control": "private, no-cache" };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  return Response.json(body(), { headers });
}

/** @param key stands in for an id that is not there */
function appendOf(value: Json, key?: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SessileError(
      "bad_request",
      "The body is an event {clientEventId, type, payload}, or an array of them.",
      { field: "body" },
    );
  }
  const { clientEventId = key, ...event } = value as { readonly [key: string]: Json };
  if (typeof clientEventId !== "string") {
    throw new SessileError(
      "bad_request",
      "clientEventId is missing: choose any unique id, here or as Idempotency-Key. The same id again answers with the event there is.",
      {
        field: "clientEventId",
      },
    );
  }
  return { ...event, op: "append", id: clientEventId };
}

export async function appended({ target, actor }: SessionVariables, outcome: WireOutcome): Promise<unknown> {
  if (!outcome.ok) return { error: outcome.error };
  const page = await readPage(target, actor, outcome.seq - 1, 1);
  return { ...page.events[0], repeated: outcome.repeated };
}

async function run(
  variables: SessionVariables,
  commands: readonly Json[],
  rights?: readonly Action[],
): Promise<{ outcomes: readonly WireOutcome[]; view: SessionView }> {
  const chars = JSON.stringify(commands).length;
  const request = { op: "commands", commands, chars, ...(rights ? { rights } : {}) } as const;
  const reply = await variables.target.ask(request, variables.actor);
  // Without a bound on the wait, all of them are there.
  return { ...reply, outcomes: reply.outcomes.filter((outcome) => outcome !== null) };
}

/** One command; its id comes from `Idempotency-Key`, or is made here so that the hop to the object may be repeated. */
export async function runOne(
  variables: SessionVariables,
  request: Request,
  command: { readonly [key: string]: Json },
  rights?: readonly Action[],
): Promise<Response> {
  const { view, ...outcome } = await runCommandOf(variables, request, command, rights);
  const { lifecycle, lifecycleVersion, status, statusVersion, version, lastSeq } = view;
  return Response.json({
    seq: outcome.seq,
    repeated: outcome.repeated,
    ...(outcome.result === undefined ? {} : { result: outcome.result }),
    session: { lifecycle, lifecycleVersion, status, statusVersion, version, lastSeq },
  });
}

/** @param rights for a method, which may ask for more than `write`. @throws SessileError if the session refuses the command */
export async function runCommandOf(
  variables: SessionVariables,
  request: Request,
  command: { readonly [key: string]: Json },
  rights?: readonly Action[],
): Promise<Extract<WireOutcome, { ok: true }> & { readonly view: SessionView }> {
  const id = request.headers.get("idempotency-key") ?? `http-${crypto.randomUUID()}`;
  const { outcomes, view } = await run(variables, [{ ...command, id }], rights);
  const outcome = outcomes[0];
  if (!outcome) throw new SessileError("internal", "The session gave no answer.");
  if (!outcome.ok) throw SessileError.fromWire(outcome.error);
  return { ...outcome, view };
}

export async function readObject(
  request: Request,
  whenEmpty?: Json,
): Promise<{ readonly [key: string]: Json }> {
  const body = await readBody(request, whenEmpty);
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw new SessileError("bad_request", "The body is a JSON object.", { field: "body" });
  }
  return body as { readonly [key: string]: Json };
}

async function readBody(request: Request, whenEmpty?: Json): Promise<Json> {
  const text = await readText(request, defaultLimits.maxFrameChars);
  if (text === "" && whenEmpty !== undefined) return whenEmpty;
  return parseJson(text, { maxChars: defaultLimits.maxFrameChars, maxDepth: defaultLimits.maxDepth });
}

/** Stops reading at the limit instead of taking in whatever is sent. */
async function readText(request: Request, maxBytes: number): Promise<string> {
  if (!request.body) return "";
  // Strict, because a letter that is quietly replaced would be stored as another one.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new SessileError(
        "limit_exceeded",
        `The body is larger than ${maxBytes} bytes. Send it in smaller pieces.`,
        { field: "body", limit: "maxFrameChars" },
      );
    }
    text += decoded(() => decoder.decode(chunk, { stream: true }));
  }
  return text + decoded(() => decoder.decode());
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw new SessileError("bad_request", "The body is not UTF-8.", { field: "body" });
  }
}
