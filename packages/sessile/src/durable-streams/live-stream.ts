import type { ReadPage } from "../protocol/durable-stream.ts";
import { ChunkDecoder } from "../protocol/stream-chunk.ts";
import type { Reply } from "./answers.ts";
import { isTextual } from "./content.ts";
import { nextCursor } from "./cursor.ts";
import { PacedBody } from "./paced-body.ts";
import { type ControlEvent, liveText } from "./sse.ts";
import type { LiveReader, StreamPort } from "./stream-port.ts";
import { WholeLetters } from "./whole-letters.ts";

export interface LiveSettings {
  /** How long a live stream lasts before the reader is asked to come back. Milliseconds. */
  readonly liveMs: number;
  readonly keepAliveMs: number;
}

type Position = Omit<ControlEvent, "cursor">;

const keepAlive = new TextEncoder().encode(": keep-alive\n\n");

const liveHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** What is there comes page by page, and what follows as it happens, neither faster than the reader takes it. */
export async function liveStream(
  stream: StreamPort,
  from: number | "tail",
  cursor: string | null,
  settings: LiveSettings,
): Promise<Reply> {
  const first = await stream.read(from);
  const { contentType } = first.head;
  let reader: LiveReader | null = null;
  let timers: readonly number[] = [];
  const end = (): void => {
    for (const timer of timers) clearTimeout(timer);
    reader?.close();
  };
  const body = new PacedBody(end);
  const finish = (): void => {
    end();
    body.end();
  };
  const decoder = new ChunkDecoder(contentType);
  const letters = new WholeLetters(contentType, first.at);
  const said = (chunks: ReadPage["chunks"], { upToDate, ...position }: Position): void => {
    const whole = letters.take({ chunks, to: position.to }, position.closed);
    const { to } = whole;
    const control = { ...position, to, upToDate: upToDate && !letters.holds, cursor: newCursor(cursor) };
    body.write(liveText(whole.chunks, contentType, decoder, control));
  };
  const run = async (): Promise<void> => {
    let { to } = first;
    for await (const { chunks, head, ...page } of beginning(stream, first, body)) {
      ({ to } = page);
      const upToDate = to >= head.tail;
      const closed = upToDate && head.closed;
      said(chunks, { to, upToDate, closed, error: head.error });
      if (closed) return finish();
    }
    reader = await stream.follow(to);
    while (!body.isOver) {
      if (!body.hasRoom) await body.room();
      const update = await reader.next();
      if ("closedAt" in update) {
        said([], { to: update.closedAt, upToDate: true, closed: true, error: update.error });
        return finish();
      }
      if (update.chunks.length === 0 && update.to <= to) continue;
      ({ to } = update);
      said(update.chunks, { to, upToDate: update.upToDate, closed: false, error: null });
    }
    reader.close();
  };
  timers = [
    setTimeout(finish, settings.liveMs),
    setInterval(() => body.hasRoom && body.write(keepAlive), settings.keepAliveMs),
  ];
  run().catch((thrown: unknown) => {
    end();
    body.fail(thrown);
  });
  return {
    body: body.stream,
    headers: { ...liveHeaders, ...(isTextual(contentType) ? {} : { "stream-sse-data-encoding": "base64" }) },
  };
}

/** The first page, and more of them up to where the stream can be followed. */
async function* beginning(stream: StreamPort, first: ReadPage, body: PacedBody): AsyncGenerator<ReadPage> {
  for (let page = first; ; page = await stream.read(page.to)) {
    yield page;
    if (page.to >= page.head.start) return;
    await body.room();
  }
}

function newCursor(known: string | null): string {
  return nextCursor(Date.now(), known, Math.random());
}
