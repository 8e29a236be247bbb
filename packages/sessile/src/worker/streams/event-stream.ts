import { PacedBody } from "../../durable-streams/index.ts";
import type { Draft } from "../../protocol/draft.ts";
import type { Actor, SessionEvent } from "../../protocol/event.ts";
import { follow, type Pace } from "../follow.ts";
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
  const body = new PacedBody(() => end());
  const follower = await follow(target, actor, after, body);
  const write = (text: string): void => body.write(encoder.encode(text));
  // Tells EventSource how soon to come back, and proves at once that the stream is open.
  write("retry: 1000\n\n");
  follower.onEvents = (events) => write(events.map(eventText).join(""));
  if (withDraft)
    follower.onDraft = whenRoom(body, (draft) => write(`event: draft\ndata: ${JSON.stringify(draft)}\n\n`));
  follower.onEnd = () => {
    clearInterval(keepAlive);
    body.fail(new Error("The session's stream was interrupted."));
  };
  const keepAlive = setInterval(() => body.hasRoom && write(": keep-alive\n\n"), keepAliveMs);
  const end = (): void => {
    clearInterval(keepAlive);
    follower.close();
  };
  return new Response(body.stream, { headers: eventStreamHeaders });
}

/** Calls with each value while there is room, and then with the last one that came meanwhile. */
function whenRoom<T>(pace: Pace, call: (value: T) => void): (value: T) => void {
  let waiting: { readonly value: T } | null = null;
  return (value) => {
    const isAwaited = waiting !== null;
    waiting = pace.hasRoom ? null : { value };
    if (!waiting) call(value);
    else if (!isAwaited)
      void pace.room().then(() => {
        const last = waiting;
        waiting = null;
        if (last) call(last.value);
      });
  };
}

function eventText(event: SessionEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What ended a wait: events, a draft, or neither if the time was over. */
export interface News {
  readonly events: readonly SessionEvent[];
  readonly draft?: Draft | null;
}

/** A long poll ends with the first that comes. */
const unhurried: Pace = { hasRoom: true, room: async () => {} };

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
  const follower = await follow(target, actor, after, unhurried);
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
