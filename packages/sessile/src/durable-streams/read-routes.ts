import type { ReadPage } from "../protocol/durable-stream.ts";
import { SessileError } from "../protocol/error.ts";
import { isJsonType } from "../protocol/stream.ts";
import { closedHeaders, headHeaders, lifetimeHeaders, type Reply } from "./answers.ts";
import { bodyOf } from "./content.ts";
import { nextCursor } from "./cursor.ts";
import { type LiveSettings, liveStream } from "./live-stream.ts";
import { formatOffset, readFrom } from "./offset.ts";
import type { StreamPort } from "./stream-port.ts";

export interface ReadSettings extends LiveSettings {
  /** How long a long poll waits. Milliseconds. */
  readonly longPollMs: number;
}

export const defaultReadSettings: ReadSettings = { longPollMs: 30_000, liveMs: 60_000, keepAliveMs: 15_000 };

const catchUpCaching = "private, max-age=60, stale-while-revalidate=300";

export async function headReply(stream: StreamPort): Promise<Reply> {
  const head = await stream.head();
  return {
    headers: {
      "content-type": head.contentType,
      ...headHeaders(head),
      ...lifetimeHeaders(head.lifetime),
    },
  };
}

/** @throws SessileError `bad_request`, `not_found`, `gone` */
export function readReply(stream: StreamPort, request: Request, settings: ReadSettings): Promise<Reply> {
  const { searchParams } = new URL(request.url);
  const offsets = searchParams.getAll("offset");
  const from = readFrom(offsets);
  const live = searchParams.get("live");
  if (live === null) return catchUp(stream, request, from);
  if (offsets.length === 0)
    throw new SessileError("bad_request", "A live read names the offset it begins at.", { field: "offset" });
  const cursor = searchParams.get("cursor");
  if (live === "long-poll") return longPoll(stream, from, cursor, settings.longPollMs);
  if (live === "sse") {
    const lastSeen = request.headers.get("last-event-id");
    return liveStream(stream, lastSeen ? readFrom([lastSeen]) : from, cursor, settings);
  }
  throw new SessileError("bad_request", "live is long-poll or sse.", { field: "live" });
}

async function catchUp(stream: StreamPort, request: Request, from: number | "tail"): Promise<Reply> {
  const page = await stream.read(from);
  const isAtTail = page.to >= page.head.tail;
  const body = () => bodyOf(page.chunks, page.head.contentType);
  // The tail moves, so what is there now is no answer to the same question later.
  if (from === "tail") return { headers: pageHeaders(page), body: body() };
  const isEnd = isAtTail && page.head.closed;
  const etag = `"${page.head.identity}:${page.at}:${page.to}${isEnd ? ":c" : ""}"`;
  const headers = { ...pageHeaders(page), etag, "cache-control": catchUpCaching };
  if (named(request.headers.get("if-none-match"), etag)) return { status: 304, headers };
  return { headers, body: body() };
}

async function longPoll(
  stream: StreamPort,
  from: number | "tail",
  cursor: string | null,
  waitMs: number,
): Promise<Reply> {
  const page = await stream.read(from);
  const answered = { "stream-cursor": nextCursor(Date.now(), cursor, Math.random()) };
  if (page.chunks.length > 0 || page.head.closed) return polled(page, answered);
  const reader = await stream.follow(page.to);
  try {
    const update = await within(reader.next(), waitMs);
    if (update === null) return polled(page, answered);
    if ("closedAt" in update) {
      const head = { ...page.head, closed: true, error: update.error };
      return polled({ ...page, to: update.closedAt, head }, answered);
    }
    // Read again rather than answer what was pushed: a close that came along is in it, and the page is whole.
    return polled(await stream.read(page.to), answered);
  } finally {
    reader.close();
  }
}

function polled(page: ReadPage, answered: Record<string, string>): Reply {
  const headers = { ...pageHeaders(page), ...answered };
  if (page.chunks.length === 0) return { status: 204, headers };
  return { headers, body: bodyOf(page.chunks, page.head.contentType) };
}

function pageHeaders({ head, to }: ReadPage): Record<string, string> {
  const isAtTail = to >= head.tail;
  return {
    "content-type": isJsonType(head.contentType) ? "application/json" : head.contentType,
    "stream-next-offset": formatOffset(to),
    ...(isAtTail ? { "stream-up-to-date": "true" } : {}),
    ...(isAtTail ? closedHeaders(head) : {}),
  };
}

function named(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((tag) => {
    const bare = tag.trim().replace(/^W\//, "");
    return bare === "*" || bare === etag;
  });
}

/** Null when the time has passed. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: number | null = null;
  const passed = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}
