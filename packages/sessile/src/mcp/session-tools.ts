import * as z from "zod";
import {
  eventIdOf,
  type Json,
  SessileError,
  type SessionEvent,
  type SessionView,
} from "../protocol/index.ts";
import type { McpOptions } from "./create-mcp.ts";
import {
  addressShape,
  clientEventId,
  cursorAfter,
  kindShape,
  pageEnd,
  pageShape,
  seqOfCursor,
  showEvent,
  shownEvent,
} from "./schemas.ts";
import type { SessionAddress, SessionApi } from "./session-api.ts";
import { type Tool, tool } from "./tool.ts";

interface ShownView {
  readonly lifecycle: string;
  readonly status: string | null;
  readonly lastSeq: number;
}

interface ShownSnapshot {
  readonly snapshotId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly createdAt: string;
  readonly view: { readonly state: JsonValue };
}

interface EventPage {
  readonly items: readonly SessionEvent[];
  readonly nextAfter: number;
  readonly hasMore: boolean;
  readonly lastSeq: number;
  readonly snapshot?: ShownSnapshot;
}

type JsonValue = z.output<ReturnType<typeof z.json>>;

const listedSession = z.object({
  sessionId: z.string(),
  title: z.string(),
  lifecycle: z.string(),
  status: z.string().nullable(),
  lastSeq: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

interface DirectoryItem
  extends Omit<z.output<typeof listedSession>, "sessionId" | "createdAt" | "updatedAt"> {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface DirectoryPage {
  readonly items: readonly DirectoryItem[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** Sessions as a whole: begun, found, read, taken up again, ended. */
export function sessionTools(options: McpOptions): readonly Tool[] {
  return [startTool(options), listTool(options), historyTool(options), resumeTool(options), endTool(options)];
}

function startTool({ kinds, contextType = "context" }: McpOptions): Tool {
  return tool({
    name: "start",
    title: "Start a session",
    description:
      "Begins a session and answers its id. With a sessionId of your own, the same id again is the same session.",
    input: z.strictObject({
      ...kindShape(kinds),
      sessionId: addressShape(kinds).sessionId.optional().describe("An id of your own. Default: a new ULID."),
      userId: z.string().max(128).optional().describe("Noted with the context. It gives no rights."),
      context: z
        .record(z.string(), z.json())
        .optional()
        .describe("What the session should know from the start."),
    }),
    output: z.object({
      sessionId: z.string(),
      createdAt: z.string(),
      expiresAt: z.string().nullable().describe("Null: it is kept until somebody ends it."),
      lifecycle: z.string(),
      lastSeq: z.int(),
    }),
    annotations: { idempotentHint: false, destructiveHint: false },
    async run(api, { sessionId = newSessionId(), userId, context, ...rest }) {
      const session: SessionAddress = { ...rest, sessionId };
      if (userId !== undefined || context !== undefined) {
        const payload = { ...context, ...(userId === undefined ? {} : { userId }) } as Json;
        const body: Json = { clientEventId: `start-${sessionId}`.slice(0, 128), type: contextType, payload };
        await api.json(session, "/events", { method: "POST", body });
      }
      // Not the view: reading makes no session of an owned kind.
      const { view } = (await api.json(session, "/welcome")) as { readonly view: SessionView };
      const { lifecycle, lastSeq } = view;
      const createdAt = new Date(view.createdAt).toISOString();
      return { sessionId, createdAt, expiresAt: null, lifecycle, lastSeq };
    },
  });
}

function listTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "list",
    title: "List sessions",
    description: "Sessions in the directory, newest activity first, a page at a time.",
    input: z.strictObject({
      ...kindShape(kinds),
      status: z.string().max(64).optional(),
      lifecycle: z.string().max(64).optional(),
      q: z.string().max(200).optional().describe("Words of the title or the name."),
      ...pageShape,
    }),
    output: z.object({ items: z.array(listedSession), ...pageEnd }),
    annotations: { readOnlyHint: true },
    async run(api, args) {
      const page = (await api.list({ ...args, kind: api.kindOf(args) })) as DirectoryPage;
      const { items, nextCursor, hasMore } = page;
      return { items: items.map(showListed), nextCursor, hasMore };
    },
  });
}

function historyTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "history",
    title: "Read a session",
    description: "The session's events in order, a page at a time.",
    input: z.strictObject({ ...addressShape(kinds), ...pageShape }),
    output: z.object({ items: z.array(shownEvent), ...pageEnd }),
    annotations: { readOnlyHint: true },
    async run(api, { limit, cursor, ...session }) {
      const { items, nextCursor, hasMore } = await readPage(api, session, {
        limit,
        after: afterOf(cursor, 0),
      });
      return { items, nextCursor, hasMore };
    },
  });
}

function resumeTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "resume",
    title: "Take a session up again",
    description:
      "What happened after the last seq you have seen, in order, a page at a time; with fromSnapshot, the newest snapshot in place of what it covers.",
    input: z.strictObject({
      ...addressShape(kinds),
      lastSeenSeq: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
      fromSnapshot: z.boolean().default(false),
      ...pageShape,
    }),
    output: z.object({
      lifecycle: z.string(),
      status: z.string().nullable(),
      lastSeq: z.int(),
      snapshot: z
        .object({
          snapshotId: z.string(),
          fromSeq: z.int(),
          toSeq: z.int(),
          createdAt: z.string(),
          state: z.json(),
        })
        .nullable(),
      items: z.array(shownEvent),
      ...pageEnd,
    }),
    annotations: { readOnlyHint: true },
    async run(api, { lastSeenSeq, fromSnapshot, limit, cursor, ...session }) {
      const view = (await api.json(session, "")) as ShownView;
      const from = fromSnapshot && cursor === undefined ? "snapshot" : undefined;
      const page = await readPage(api, session, { limit, after: afterOf(cursor, lastSeenSeq), from });
      const { lifecycle, status } = view;
      return { lifecycle, status, ...page };
    },
  });
}

function endTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "end",
    title: "End a session",
    description: "Ends the session for good: it stays readable and takes no more messages.",
    input: z.strictObject({ ...addressShape(kinds), clientEventId }),
    output: z.object({ sessionId: z.string(), lifecycle: z.string(), lastSeq: z.int() }),
    annotations: { destructiveHint: true, idempotentHint: true },
    async run(api, { clientEventId: id, ...session }) {
      const before = (await api.json(session, "")) as ShownView;
      const { sessionId } = session;
      if (before.lifecycle === "terminated")
        return { sessionId, lifecycle: before.lifecycle, lastSeq: before.lastSeq };
      const answer = (await api.json(session, "/lifecycle", {
        method: "POST",
        body: { to: "terminated" },
        idempotencyKey: id,
      })) as { session: ShownView };
      return { sessionId, lifecycle: answer.session.lifecycle, lastSeq: answer.session.lastSeq };
    },
  });
}

function showListed({ name, createdAt, updatedAt, ...item }: DirectoryItem): z.output<typeof listedSession> {
  const [created, updated] = [createdAt, updatedAt].map((time) => new Date(time).toISOString());
  return { ...item, sessionId: name, createdAt: created ?? "", updatedAt: updated ?? "" };
}

function newSessionId(): string {
  const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Uint32Array(4));
  return eventIdOf((a & 0xff) * 2 ** 32 + b, (c & 0xff) * 2 ** 32 + d, Date.now());
}

/** @throws SessileError `bad_request` */
function afterOf(cursor: string | undefined, whenAbsent: number): number {
  const after = cursor === undefined ? whenAbsent : seqOfCursor(cursor);
  if (after !== null) return after;
  throw new SessileError("bad_request", "cursor: is none that a page before gave.", { field: "cursor" });
}

async function readPage(
  api: SessionApi,
  session: SessionAddress,
  query: { readonly limit: number; readonly after: number; readonly from?: string | undefined },
) {
  const page = (await api.json(session, "/events", { query })) as EventPage;
  const { items, nextAfter, hasMore, lastSeq, snapshot } = page;
  return {
    items: items.map(showEvent),
    nextCursor: hasMore ? cursorAfter(nextAfter) : null,
    hasMore,
    lastSeq,
    snapshot: snapshot ? { ...snapshot, state: snapshot.view.state } : null,
  };
}
