import type { UIMessage } from "ai";
import type { AnswerOutcome } from "sessile/protocol";

/** What the server adds to an answer that came to no proper end. */
export type Message = UIMessage<{ readonly outcome?: AnswerOutcome; readonly reason?: string } | undefined>;

export const api = "/api/chat";

export interface History {
  readonly messages: Message[];
  readonly activeStreamId: string | null;
}

/** @throws Error in words for the page */
export async function readHistory(id: string): Promise<History> {
  const response = await fetch(`${api}/${encodeURIComponent(id)}`);
  if (!response.ok) throw new Error(`This chat cannot be read (${response.status}).`);
  return (await response.json()) as History;
}

/** Ends the answer for everyone. Without an id: whichever is being written. */
export async function stopAnswer(id: string, activeStreamId: string | null): Promise<void> {
  await fetch(`${api}/${encodeURIComponent(id)}/stop`, {
    method: "POST",
    body: JSON.stringify({ activeStreamId }),
  });
}

/** Whether a request broke on its way, rather than being refused: the same names that `useChat` goes by. */
export function isDisconnect(error: Error | undefined): boolean {
  return error instanceof TypeError && /fetch|network|load failed/i.test(error.message);
}

/** A refusal's own words; the AI SDK hands over the body of the answer. */
export function wordsOf(error: Error): string {
  try {
    return (JSON.parse(error.message) as { readonly detail?: string }).detail ?? error.message;
  } catch {
    return error.message;
  }
}
