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
  const response = await ask(`/${encodeURIComponent(id)}`, "This chat cannot be read");
  return (await response.json()) as History;
}

/** Ends the answer for everyone. Without an id: whichever is being written. @throws Error in words for the page */
export async function stopAnswer(id: string, activeStreamId: string | null): Promise<void> {
  const body = JSON.stringify({ activeStreamId });
  const path = `/${encodeURIComponent(id)}/stop`;
  await ask(path, "The answer could not be stopped", { method: "POST", body });
}

async function ask(path: string, complaint: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(api + path, init).catch(() => null);
  if (!response) throw new Error(`${complaint}: the server cannot be reached.`);
  if (!response.ok) throw new Error(`${complaint} (${response.status}).`);
  return response;
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
