import type { UIMessage } from "ai";
import { SessileError } from "../protocol/error.ts";
import type { SessionEvent } from "../protocol/event.ts";
import type { Json } from "../protocol/json.ts";
import type { Question } from "./chat-request.ts";

/** `message.created`: one message, and the event of the one before it. */
export type MessageCreated = {
  readonly message: UIMessage;
  /** Null for the first. What was edited or answered anew stays in the log, and nothing leads to it any more. */
  readonly previous: number | null;
  /** What came beside the question, kept while the answer waits for somebody. */
  readonly body?: Json;
};

export interface Said {
  readonly seq: number;
  readonly message: UIMessage;
}

/** How many messages of a conversation are read at most. */
export const maxMessages = 1000;

/**
 * Walks from the newest message back, oldest first in the answer. Begins later where events have gone to the archive: it is as if
 * the conversation began there.
 */
export function readConversation(
  head: number | null,
  read: (seq: number) => SessionEvent | null,
  limit = maxMessages,
): { readonly said: readonly Said[]; readonly hasMore: boolean } {
  const said: Said[] = [];
  let seq = head;
  while (seq !== null && said.length < limit) {
    const payload = read(seq)?.payload as unknown as MessageCreated | undefined;
    if (!payload) break;
    said.push({ seq, message: payload.message });
    seq = payload.previous;
  }
  return { said: said.reverse(), hasMore: seq !== null };
}

/** The message that a question follows, or is itself if it brings none. @throws SessileError `bad_request` if there is nothing to answer */
export function placeOf(said: readonly Said[], { message, messageId }: Question): number | null {
  const named = message?.id ?? messageId;
  const index = said.findIndex((one) => one.message.id === named);
  if (message) return (index < 0 ? said.at(-1) : said[index - 1])?.seq ?? null;
  // An answer is written anew after the question before it; without a name the last one is meant.
  const asked = said
    .slice(0, index < 0 ? undefined : index + 1)
    .findLast((one) => one.message.role === "user");
  if (asked) return asked.seq;
  throw new SessileError("bad_request", "There is no message to answer.", { field: "messageId" });
}
