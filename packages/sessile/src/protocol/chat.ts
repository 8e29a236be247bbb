import type { Json } from "./json.ts";

/** The answer that is being written. Its stream and its work share one id, and its message too unless the answer goes on in an earlier one. */
export type ActiveAnswer = {
  readonly streamId: string;
  /** Somebody wants no more of it. */
  readonly stopping: boolean;
  /** The message it goes on in. */
  readonly messageId?: string;
};

/** What a chat keeps in its state. The messages themselves are events, each naming the one before it. */
export type ChatState = {
  /** Seq of the newest message's event; null before the first. */
  readonly head: number | null;
  readonly active: ActiveAnswer | null;
};

/** How an answer came to its end. Only `complete` leaves no mark in the message's metadata. */
export type AnswerOutcome = "complete" | "stopped" | "interrupted" | "failed";

/** What the chat's routes answer with in place of a stream. */
export interface ChatHistory {
  /** UI messages of the AI SDK, oldest first; those of answers that came to no proper end have `metadata.outcome`. */
  readonly messages: readonly Json[];
  /** The answer that is being written, to be had from its beginning at `…/stream`. */
  readonly activeStreamId: string | null;
  /** Older ones are there. */
  readonly hasMore: boolean;
}

/** The answer that is being written, and the chunks of what it goes on with. */
export interface ChatReplay {
  readonly streamId: string | null;
  readonly chunks: readonly Json[];
}

/** A question as the session takes it. */
export type ChatRequest = {
  readonly trigger: "submit-message" | "regenerate-message";
  /** The message to begin anew from. */
  readonly messageId?: string;
  /** A user's message: new, or in place of the one of the same id. */
  readonly message?: Json;
  /** Whatever else the client sent. */
  readonly body?: Json;
};

/** Chunks after which a UI message stream has nothing more to say. */
const endings: ReadonlySet<string> = new Set(["finish", "abort", "error"]);

export function endsAnswer(chunk: Json): boolean {
  return endings.has((chunk as { readonly type?: string } | null)?.type ?? "");
}
