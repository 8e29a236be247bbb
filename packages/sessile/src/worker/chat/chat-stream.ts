import type { Json } from "../../protocol/json.ts";

const keepAliveMs = 15_000;
const encoder = new TextEncoder();

/** @see https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol (version 7, read 2026-11) */
export const uiMessageHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "private, no-cache, no-transform",
  "x-vercel-ai-ui-message-stream": "v1",
  "x-accel-buffering": "no",
};

export interface AnswerReader {
  /** Some of the answer's chunks, or null after the last one. Rejects if it was interrupted: a reader has to be told so. */
  next(): Promise<readonly Json[] | null>;
  close(): void;
}

/**
 * An answer as the AI SDK's clients read it. They take a clean end for the end of the answer, whatever it was missing; so an
 * interrupted one breaks the connection, which they know to resume.
 */
export function uiMessageResponse(answer: AnswerReader): Response {
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  const rest = (): void => {
    if (keepAlive !== undefined) clearInterval(keepAlive);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      keepAlive = setInterval(() => {
        // Only to a reader who takes what there is.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": keep-alive\n\n"));
      }, keepAliveMs);
    },
    async pull(controller) {
      try {
        const chunks = await answer.next();
        const text = (chunks ?? ["[DONE]"]).map(
          (chunk) => `data: ${chunks ? JSON.stringify(chunk) : chunk}\n\n`,
        );
        controller.enqueue(encoder.encode(text.join("")));
        if (chunks) return;
        rest();
        controller.close();
      } catch (thrown) {
        rest();
        controller.error(thrown);
      }
    },
    // Whoever reads no more has left; the answer goes on.
    cancel() {
      rest();
      answer.close();
    },
  });
  return new Response(body, { headers: uiMessageHeaders });
}
