import * as z from "zod";
import { SessileError, type SessionEvent, type SyncStatus } from "../protocol/index.ts";
import type { McpOptions } from "./create-mcp.ts";
import { addressShape, clientEventId, showEvent, shownEvent } from "./schemas.ts";
import { type Tool, tool } from "./tool.ts";

const maxMessageChars = 10_000;
/** What is longer is fetched from its address instead of being put before a model. */
const maxInlineBytes = 256 * 1024;

const syncStatusShape = z.object({
  durability: z.enum(["mirror", "ledger"]),
  lastSeq: z.int(),
  recordedSeq: z.int().nullable().describe("Null: this kind keeps no record."),
  staged: z.int().describe("Stored by the session, not on the way to the record."),
  pending: z.int().describe("On the way to the record."),
  refusal: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** What goes into a session and what comes out of it. */
export function messageTools(options: McpOptions): readonly Tool[] {
  return [askTool(options), cancelPendingTool(options), syncStatusTool(options), exportSessionTool(options)];
}

function askTool({ kinds, messageType = "message" }: McpOptions): Tool {
  return tool({
    name: "ask",
    title: "Say something in a session",
    description: "Adds a message of yours. response is always null: no agent is started.",
    input: z.strictObject({
      ...addressShape(kinds),
      message: z.string().min(1).max(maxMessageChars),
      clientEventId,
    }),
    output: z.object({
      response: z.string().nullable(),
      events: z.array(shownEvent),
      repeated: z.boolean().describe("True: this clientEventId was used before, and nothing was added."),
    }),
    annotations: { destructiveHint: false, idempotentHint: false },
    async run(api, { message, clientEventId: id = `mcp-${crypto.randomUUID()}`, ...session }) {
      const { repeated, ...event } = (await api.json(session, "/events", {
        method: "POST",
        body: { clientEventId: id, type: messageType, payload: { role: "user", text: message } },
      })) as SessionEvent & { readonly repeated: boolean };
      return { response: null, events: [showEvent(event)], repeated };
    },
  });
}

function cancelPendingTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "cancel_pending",
    title: "Cancel the pending message",
    description:
      "Drops your message that is written but not sent yet. Without draftId it is the one pending.",
    input: z.strictObject({ ...addressShape(kinds), draftId: z.string().min(1).max(128).optional() }),
    output: z.object({ draftId: z.string(), seq: z.int().describe("Of the event that says so.") }),
    annotations: { destructiveHint: true, idempotentHint: true },
    async run(api, { draftId: given, ...session }) {
      const draftId = given ?? (await pendingId());
      const { seq } = (await api.json(session, "/draft", { method: "DELETE", query: { draftId } })) as {
        readonly seq: number;
      };
      return { draftId, seq };

      async function pendingId(): Promise<string> {
        const { draft } = (await api.json(session, "/draft")) as {
          readonly draft: { draftId: string } | null;
        };
        if (draft) return draft.draftId;
        throw new SessileError("not_found", "No draft of yours is pending.", { field: "draftId" });
      }
    },
  });
}

function syncStatusTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "sync_status",
    title: "How far a session is recorded",
    description:
      "How many of the session's events the record does not hold yet, and why it takes none if so.",
    input: z.strictObject(addressShape(kinds)),
    output: syncStatusShape,
    annotations: { readOnlyHint: true },
    async run(api, session) {
      return (await api.json(session, "/sync")) as SyncStatus;
    },
  });
}

function exportSessionTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "export",
    title: "Export a session",
    description:
      "The whole session as a file that can be imported elsewhere: in data if it is small, else at url (with the same credentials).",
    input: z.strictObject(addressShape(kinds)),
    output: z.object({
      filename: z.string(),
      mediaType: z.string(),
      url: z.string(),
      data: z.string().nullable().describe("NDJSON. Null: it is too large to be put here."),
    }),
    annotations: { readOnlyHint: true },
    async run(api, session) {
      const url = api.urlOf(session, "/export");
      const response = await api.send(new URL(url), {});
      return {
        filename: `${api.kindOf(session)}-${session.sessionId}.ndjson`,
        mediaType: "application/x-ndjson",
        url: url.href,
        data: await textUpTo(response, maxInlineBytes),
      };
    },
  });
}

/** The body as text, or null, with the rest left unread, if it is longer. */
export async function textUpTo(response: Response, maxBytes: number): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
