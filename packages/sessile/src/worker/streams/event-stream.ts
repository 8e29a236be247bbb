import type { Draft } from "../../protocol/draft.ts";
import type { Actor, SessionEvent } from "../../protocol/event.ts";
import { follow } from "../follow.ts";
import type { SessionTarget } from "../session-stub.ts";

const keepAliveMs = 15_000;
const encoder = new TextEncoder();

export const eventStreamHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * The log as server-sent events: `id` is the seq, so that a browser's `Last-Event-ID` is the cursor. Comments keep the
 * connection alive; without them a reader that vanished would never be noticed. The reader's own draft comes as `event: draft`,
 * without an id and only if asked for.
 */
export async function eventStreamResponse(
  target: SessionTarget,
  actor: Actor | null,
  after: number,
  withDraft: boolean,
): Promise<Response> {
  const follower = await follow(target, actor, after);
  let keepAlive: number | null = null;
  const end = (): void => {
    clearInterval(keepAlive);
    follower.close();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => {
        try {
          controller.enqueue(encoder.encode(text));
        } catch {
          end();
        }
      };
      // Tells EventSource how soon to come back, and proves at once that the stream is open.
      write("retry: 1000\n\n");
      follower.onEvents = (events) => write(events.map(eventText).join(""));
      if (withDraft) follower.onDraft = (draft) => write(`event: draft\ndata: ${JSON.stringify(draft)}\n\n`);
      follower.onEnd = () => {
        clearInterval(keepAlive);
        // An error, not a clean end: the reader must come back, and knows from where.
        controller.error(new Error("The session's stream was interrupted."));
      };
      keepAlive = setInterval(() => write(": keep-alive\n\n"), keepAliveMs);
    },
    cancel: end,
  });
  return new Response(body, { headers: eventStreamHeaders });
}

function eventText(event: SessionEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What ended a wait: events, a draft, or neither if the time was over. */
export interface News {
  readonly events: readonly SessionEvent[];
  readonly draft?: Draft | null;
}

/**
 * The next events after `after`, or none when `waitMs` has passed.
 *
 * @param isKnown false for a draft that ends the wait
 */
export async function nextEvents(
  target: SessionTarget,
  actor: Actor | null,
  after: number,
  waitMs: number,
  isKnown: (draft: Draft | null) => boolean,
): Promise<News> {
  const follower = await follow(target, actor, after);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle({ events: [] }), waitMs);
    const settle = (news: News): void => {
      clearTimeout(timer);
      follower.onEnd = () => {};
      follower.close();
      resolve(news);
    };
    follower.onEvents = (events) => settle({ events });
    follower.onDraft = (draft) => void (isKnown(draft) || settle({ events: [], draft }));
    follower.onEnd = (error) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve({ events: [] });
    };
  });
}
