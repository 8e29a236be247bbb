import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { StreamPeer } from "../peers/stream-peers.ts";

const chunkBytes = 100;
/** Around the time at which a chunk was sent. */
const stamp = /@(\d+\.\d{3})@/g;

/** Appends over bare sockets: a client that does all of HTTP costs more than what is measured. */
class Appender {
  readonly #url: URL;
  readonly #socket: Socket;

  constructor(address: string) {
    this.#url = new URL(address);
    this.#socket = connect(Number(this.#url.port), this.#url.hostname).setNoDelay();
  }

  async append(body: string): Promise<void> {
    const { host, pathname } = this.#url;
    this.#socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [answer] = (await once(this.#socket, "data")) as [Buffer];
    // All answer 204, which has no body.
    if (!answer.includes(" 204 "))
      throw new Error(`${this.#url} answered ${answer.toString().slice(0, 200)}`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Appends a second with so many connections, each with one append under way. */
export async function appendsPerSecond(peer: StreamPeer, atOnce: number, ms: number): Promise<number> {
  const body = "x".repeat(chunkBytes);
  const until = performance.now() + ms;
  let done = 0;
  const one = async () => {
    const appender = new Appender(peer.url);
    while (performance.now() < until) {
      await appender.append(body);
      done += 1;
    }
    appender.close();
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, one));
  return (done / (performance.now() - startedAt)) * 1000;
}

/**
 * How old each chunk was when each reader had it, in ms and sorted. An append waits until everybody has the one before: what is
 * measured is how long one takes, not how fast a queue grows.
 */
export async function deliveryAges(
  peer: StreamPeer,
  readers: number,
  chunks: number,
  everyMs: number,
): Promise<readonly number[]> {
  const all: TailReader[] = [];
  let missing = 0;
  let everybodyHasIt = Promise.withResolvers<void>();
  const arrived = () => {
    missing -= 1;
    if (missing === 0) everybodyHasIt.resolve();
  };
  for (let at = 0; at < readers; at += 100) {
    const some = Array.from(
      { length: Math.min(100, readers - at) },
      () => new TailReader(peer, chunks, arrived),
    );
    all.push(...some);
    await Promise.all(some.map(({ live }) => live));
  }
  const appender = new Appender(peer.url);
  const allComplete = Promise.all(all.map(({ complete }) => complete));
  for (let n = 0; n < chunks; n++) {
    missing = readers;
    everybodyHasIt = Promise.withResolvers();
    await appender.append(`@${performance.now().toFixed(3)}@`.padEnd(chunkBytes, "x"));
    await Promise.all([delay(everyMs), Promise.race([everybodyHasIt.promise, allComplete])]);
  }
  await allComplete;
  appender.close();
  return all.flatMap(({ ages }) => ages).toSorted((a, b) => a - b);
}

/** Reads server-sent events from the end of a stream until it has so many chunks. */
class TailReader {
  readonly ages: number[] = [];
  readonly live: Promise<void>;
  readonly complete: Promise<void>;

  /** @param arrived is called for each chunk */
  constructor({ url, tail, live }: StreamPeer, chunks: number, arrived: () => void) {
    const { hostname, port, host, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${pathname}${tail} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`);
    const isLive = Promise.withResolvers<void>();
    const isComplete = Promise.withResolvers<void>();
    // Whoever waits for the first of them hears of a failure; the second is waited for later.
    isComplete.promise.catch(() => {});
    socket.on("close", () => {
      const failure = new Error(`${url} ended a reader after ${this.ages.length} of ${chunks} chunks.`);
      isLive.reject(failure);
      isComplete.reject(failure);
    });
    socket.on("error", isComplete.reject);
    let rest = "";
    socket.on("data", (data: Buffer) => {
      const now = performance.now();
      const text = rest + data.toString("latin1");
      let end = 0;
      for (const found of text.matchAll(stamp)) {
        this.ages.push(now - Number(found[1]));
        end = found.index + found[0].length;
        arrived();
      }
      // Long enough for a stamp, or for what says that the reader is live, that came by halves.
      rest = text.slice(Math.max(end, text.length - 40));
      if (text.includes(live)) isLive.resolve();
      if (this.ages.length < chunks) return;
      isComplete.resolve();
      socket.destroy();
    });
    this.live = isLive.promise;
    this.complete = isComplete.promise;
  }
}

/** Reads a stream from its beginning to its end; characters that came. */
export function readAll(peer: StreamPeer): Promise<number> {
  return peer.paged ? readPages(peer.url) : readEvents(peer);
}

const uncompressed = { "accept-encoding": "identity" };

async function readPages(url: string): Promise<number> {
  let length = 0;
  for (let offset = "-1"; ; ) {
    const page = await fetch(`${url}?offset=${offset}`, { headers: uncompressed });
    length += (await page.arrayBuffer()).byteLength;
    const next = page.headers.get("stream-next-offset");
    if (!page.ok || next === null) throw new Error(`${url} answered ${page.status}.`);
    if (page.headers.has("stream-up-to-date")) return length;
    offset = next;
  }
}

async function readEvents({ url, live }: StreamPeer): Promise<number> {
  const { body } = await fetch(url, { headers: uncompressed });
  let length = 0;
  let end = "";
  for await (const data of body ?? []) {
    length += data.byteLength;
    end = (end + Buffer.from(data.subarray(-100)).toString("latin1")).slice(-100);
    if (end.includes(live)) return length;
  }
  throw new Error(`${url} ended before it was up to date.`);
}
