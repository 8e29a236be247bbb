import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import type { StreamFrame, StreamInfo } from "../protocol/stream.ts";
import { encodeChunk } from "../protocol/stream-chunk.ts";
import { SocketPair } from "../testing/socket-pair.ts";
import { liveStream } from "./live-stream.ts";
import { parseOffset } from "./offset.ts";
import { readSocket } from "./socket-reader.ts";
import type { StreamPort } from "./stream-port.ts";

const long = "x".repeat(400_000);
const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);

/** The live reader of a stream's socket, and the other end of that. */
function socketReader() {
  const pair = new SocketPair();
  pair.open();
  const pulls: number[] = [];
  pair.server.onMessage((text) => pulls.push(JSON.parse(text).offset));
  const reader = readSocket(Object.assign(pair.client, { accept: () => {} }) as unknown as WebSocket, 0);
  const say = (frame: StreamFrame) => pair.server.send(JSON.stringify(frame));
  const chunk = (at: number, more?: true) =>
    say({ t: "chunks", at, to: at + 1, chunks: [`${at}${long}`], ...(more ? { more } : {}) });
  return { reader, pulls, say, chunk };
}

/** What is told of a stream first. */
const infoOf = (tail: number, withdrawn: StreamInfo["withdrawn"] = []) =>
  ({ t: "stream", info: { tail, withdrawn } as unknown as StreamInfo }) as const;

/** A stream of texts, a chunk to the page, as a live reader gets it: closed, unless more is to come. */
async function bodyOfLive(
  tail: number,
  chunkAt: (at: number) => Json,
  { from = 0, closed = true } = {},
): Promise<ReadableStream<Uint8Array>> {
  const start = { contentType: "text/plain", start: tail, tail };
  const head = { ...start, closed, error: null, lifetime: null, identity: "1" };
  const stream = {
    read: async (at: number) => ({ head, at, to: at + 1, chunks: [chunkAt(at)] }),
    follow: () => new Promise(() => {}),
  } as unknown as StreamPort;
  const { body } = await liveStream(stream, from, null, { liveMs: 60_000, keepAliveMs: 60_000 });
  return body as ReadableStream<Uint8Array>;
}

/** The text of server-sent events, one item per event. */
const dataOf = (events: string) => [...events.matchAll(/^event: data\ndata:(.*)$/gm)].map(([, data]) => data);

test("DU20 a reader of server-sent events who takes nothing gets few pages ahead, and misses nothing when they read on", async () => {
  let reads = 0;
  const body = await bodyOfLive(40, () => {
    reads += 1;
    return long;
  });
  await turn();
  expect(reads).toBeLessThan(5);
  const seen: (number | null)[] = [];
  for await (const bytes of body)
    for (const [, id = ""] of new TextDecoder().decode(bytes).matchAll(/^event: control\n.*\nid: (.*)$/gm))
      seen.push(parseOffset(id));
  expect(seen).toEqual(upTo(40));
});

test("DU11 SM26 a letter that was appended in pieces comes whole to a live reader", async () => {
  const text = "a€ß😀";
  const bytes = new TextEncoder().encode(text);
  const body = await bodyOfLive(bytes.length, (at) => encodeChunk("text/plain", bytes.subarray(at, at + 1)));
  const events = await new Response(body).text();
  expect(dataOf(events)).toEqual([...text]);
});

test("DU22 whoever is cut off between the pieces of a letter comes back to where it begins", async () => {
  const bytes = new TextEncoder().encode("a€");
  const chunkAt = (at: number) => encodeChunk("text/plain", bytes.subarray(at, at + 1));
  let seen = "";
  const reader = (await bodyOfLive(3, chunkAt, { closed: false })).getReader();
  while ((seen.match(/^event: control$/gm) ?? []).length < 3)
    seen += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  expect(seen).not.toContain("upToDate");
  const from = parseOffset([...seen.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "") ?? 0;
  const rest = await new Response(await bodyOfLive(4, chunkAt, { from })).text();
  expect(dataOf(seen + rest).join("")).toBe("a€");
});

test("DU20 a page of a stream's socket is asked for when the one before has been taken", async () => {
  const { reader, pulls, chunk } = socketReader();
  chunk(0, true);
  await turn();
  expect(await reader.next()).toMatchObject({ to: 1, upToDate: false });
  expect(pulls).toEqual([]);
  const next = reader.next();
  await turn();
  expect(pulls).toEqual([1]);
  chunk(1);
  expect(await next).toMatchObject({ to: 2, upToDate: true });
});

test("DU21 a live reader is up to date with the last frame of a batch, and not before", async () => {
  const { reader, say, chunk } = socketReader();
  say(infoOf(5, [[3, 5]]));
  chunk(0);
  await turn();
  expect(await reader.next()).toMatchObject({ to: 1, upToDate: false });
  chunk(1);
  chunk(2);
  await turn();
  expect(await reader.next()).toMatchObject({ to: 3, upToDate: true });
});

test("DU20 what is live while nobody takes it is left out, and asked for again", async () => {
  const { reader, pulls, say, chunk } = socketReader();
  for (let at = 0; at < 30; at++) chunk(at);
  await turn();
  const first = await reader.next();
  if (!("to" in first)) throw new Error("ended");
  expect(first.chunks.length).toBeLessThan(13);
  expect(first.upToDate).toBe(false);
  const next = reader.next();
  await turn();
  expect(pulls).toEqual([first.to]);
  // Two that were under way when it was asked.
  chunk(30);
  say({ t: "behind", tail: 31 });
  chunk(first.to, true);
  expect(await next).toMatchObject({ to: first.to + 1, upToDate: false });
  const last = reader.next();
  await turn();
  expect(pulls).toEqual([first.to, first.to + 1]);
  say({ t: "end", output: null });
  expect(await last).toEqual({ closedAt: first.to + 1, error: null });
});

test("DU20 the end is none for a reader that misses what came before it", async () => {
  const { reader, say, chunk } = socketReader();
  for (let at = 0; at < 30; at++) chunk(at);
  say({ t: "end", output: null });
  await turn();
  await reader.next();
  await expect(reader.next()).rejects.toMatchObject({ code: "unavailable" });
});
