import type { UIMessage } from "ai";
import { z } from "zod";
import type { ChatRequest } from "../protocol/chat.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { safeParse } from "../protocol/safe-parse.ts";

/**
 * What a person may say. Nothing else of what a client sends is believed: not the answers it remembers, not the results of
 * tools. A file is in the message itself or at an https address, because whoever talks to the model may fetch it.
 */
const userPart = z.union([
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("file"),
    mediaType: z.string().max(200),
    url: z.string().regex(/^(?:data|https):/),
    filename: z.string().max(500).optional(),
  }),
  z.object({
    type: z.templateLiteral(["data-", z.string().min(1)]),
    id: z.string().optional(),
    data: z.json(),
  }),
]);

const requestSchema = z.object({
  trigger: z.enum(["submit-message", "regenerate-message"]),
  messageId: z.string().min(1).max(128).optional(),
  message: z
    .object({
      id: z.string().min(1).max(128),
      role: z.literal("user"),
      parts: z.array(userPart).min(1).max(100),
      metadata: z.json().optional(),
    })
    .optional(),
  body: z.json().optional(),
});

export interface Question {
  readonly trigger: ChatRequest["trigger"];
  readonly messageId: string | undefined;
  readonly message: UIMessage | null;
  readonly body: Json;
}

/** @throws SessileError `bad_request`, naming the field */
export function parseQuestion(value: Json): Question {
  const { success, data, issue } = safeParse(requestSchema, value);
  if (!success) {
    const field = issue?.path.join(".") || "request";
    throw new SessileError("bad_request", `${field}: ${issue?.message ?? "not a chat request"}.`, { field });
  }
  const { trigger, messageId, message, body } = data;
  if (trigger === "submit-message" && !message)
    throw new SessileError("bad_request", "The last message has to be a user's.", { field: "message" });
  return {
    trigger,
    messageId,
    message: trigger === "submit-message" ? (message as UIMessage) : null,
    body: (body ?? null) as Json,
  };
}
