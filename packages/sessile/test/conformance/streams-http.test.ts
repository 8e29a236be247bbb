import { DurableStream, IdempotentProducer } from "@durable-streams/client";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Server } from "../../src/node/index.ts";
import { temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import { readDurably, readWithEventSource } from "../crash/stream-readers.ts";
import { serveStreams } from "./stream-server.ts";

const folder = temporaryFolder();
let server: Server;
let names = 0;

beforeAll(async () => {
  server = await serveStreams(folder.path);
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

const json = { "content-type": "application/json" };
const text = { "content-type": "text/plain" };

function standalone(): string {
  names += 1;
  return `${server.url}/v1/stream/http-${names}`;
}

function ofSession(): string {
  names += 1;
  return `${server.url}/v1/sessions/desk/d-${names}/streams/s`;
}

async function put(url: string, headers: Record<string, string>, body?: string | Uint8Array<ArrayBuffer>) {
  return fetch(url, { method: "PUT", headers, ...(body === undefined ? {} : { body }) });
}

async function post(url: string, headers: Record<string, string>, body?: string | Uint8Array<ArrayBuffer>) {
  return fetch(url, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
}

async function readAll(url: string, live: "sse" | "long-poll"): Promise<number[]> {
  const got: number[] = [];
  await readDurably(url, live, (response, moved) => {
    response.subscribeJson<number>(({ items, offset }) => {
      got.push(...items);
      moved(offset);
    });
    return response.closed;
  });
  return got;
}

async function restart(): Promise<void> {
  const { port } = server;
  await server.close();
  server = await serveStreams(folder.path, port);
}

test("DU2 a session's stream takes the same requests at its address", async () => {
  const url = ofSession();
  expect((await put(url, json, "[1,2]")).status).toBe(201);
  expect((await put(url, json)).status).toBe(200);
  expect((await put(url, text)).status).toBe(409);
  expect((await post(url, text, "3")).status).toBe(409);
  const producer = { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" };
  expect((await post(url, { ...json, ...producer }, "3")).status).toBe(200);
  expect((await post(url, { ...json, ...producer }, "3")).status).toBe(204);
  const gap = await post(url, { ...json, ...producer, "producer-seq": "5" }, "4");
  expect([gap.status, gap.headers.get("producer-expected-seq")]).toEqual([409, "1"]);
  const read = await fetch(url);
  expect(await read.json()).toEqual([1, 2, 3]);
  expect(read.headers.get("stream-up-to-date")).toBe("true");
  const etag = read.headers.get("etag") ?? "";
  expect((await fetch(url, { headers: { "if-none-match": etag } })).status).toBe(304);
  const polled = fetch(`${url}?offset=${read.headers.get("stream-next-offset")}&live=long-poll`);
  await post(url, { ...json, "stream-closed": "true" }, "4");
  expect(await (await polled).json()).toEqual([4]);
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, head.headers.get("stream-closed")]).toEqual([200, "true"]);
  expect((await post(url, json, "5")).status).toBe(409);
  expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(url)).status).toBe(404);
});

test("DU2 a session's stream has no lifetime of its own and is not forked", async () => {
  const url = ofSession();
  const lifetime = await put(url, { ...text, "stream-ttl": "60" });
  expect([lifetime.status, (await lifetime.json()).field]).toEqual([400, "stream-ttl"]);
  const source = standalone();
  await put(source, text, "a");
  const fork = await put(url, { ...text, "stream-forked-from": new URL(source).pathname });
  expect([fork.status, (await fork.json()).code]).toEqual([404, "not_found"]);
});

test("DU3 what failed is closed, and says so", async () => {
  const url = ofSession();
  await put(url, text, "so far");
  const live = new EventSource(`${url}?offset=-1&live=sse`);
  const control = new Promise<Record<string, unknown>>((resolve) => {
    live.addEventListener("control", ({ data }) => {
      const said = JSON.parse(data);
      if (said.streamClosed) resolve(said);
    });
  });
  const call = url.replace("/streams/s", "/call/fail");
  expect((await post(call, json, '["s"]')).status).toBe(200);
  expect(await control).toMatchObject({ streamClosed: true, streamError: { message: "The pen broke." } });
  live.close();
  const read = await fetch(url);
  expect(await read.text()).toBe("so far");
  expect([read.headers.get("stream-closed"), read.headers.get("stream-error")]).toEqual(["true", "internal"]);
});

test.each(["sse", "long-poll"] as const)(
  "DU4 the authors' client reads every message once over %s, through a restart",
  async (live) => {
    const url = standalone();
    const source = await DurableStream.create({ url, contentType: "application/json" });
    const producer = new IdempotentProducer(source, "writer", { autoClaim: true });
    const got = readAll(url, live);
    for (let n = 0; n < 40; n++) {
      producer.append(JSON.stringify(n));
      if (n === 10) await producer.flush();
      if (n === 20) {
        await producer.flush();
        await restart();
      }
    }
    await producer.flush();
    await source.close();
    expect(await got).toEqual(Array.from({ length: 40 }, (_, n) => n));
  },
);

test("DU18 an EventSource that was cut off goes on where it was, and not at the offset it began with", async () => {
  const url = standalone();
  await put(url, text, "one ");
  const reading = readWithEventSource(url);
  await until(() => reading.chunks.length === 1);
  await restart();
  await post(url, text, "two ");
  await until(() => reading.chunks.length === 2);
  await post(url, { ...text, "stream-closed": "true" }, "three");
  await reading.done;
  expect(reading.chunks.join("")).toBe("one two three");
  const malformed = await fetch(`${url}?offset=-1&live=sse`, { headers: { "last-event-id": "7" } });
  expect([malformed.status, (await malformed.json()).field]).toEqual([400, "offset"]);
});

test("DU5 a loan that came to nothing is taken back, and a fork outlives its source's name", async () => {
  const [source, fork] = [standalone(), standalone()];
  await put(source, text, "shared");
  await put(fork, { ...text, "stream-forked-from": new URL(source).pathname });
  await restart();
  expect((await fetch(source, { method: "DELETE" })).status).toBe(204);
  expect((await fetch(source)).status).toBe(410);
  await post(fork, text, " and own");
  expect(await (await fetch(fork)).text()).toBe("shared and own");
  await fetch(fork, { method: "DELETE" });
  expect((await fetch(source)).status).toBe(404);
  await put(source, text, "new");
  expect((await put(fork, { ...json, "stream-forked-from": new URL(source).pathname })).status).toBe(409);
  await fetch(source, { method: "DELETE" });
  expect((await fetch(source)).status).toBe(404);
});

test("DU6 a restart does not end a stream before its time", async () => {
  const url = standalone();
  await put(url, { ...text, "stream-ttl": "3600" }, "a");
  await fetch(url);
  await restart();
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, head.headers.get("stream-ttl")]).toEqual([200, "3600"]);
});

test("DU7 an append longer than a row comes back byte for byte, and one over the bound is refused by name", async () => {
  const url = standalone();
  const bytes = Uint8Array.from({ length: 5_000_000 }, (_, n) => (n * 31) % 251);
  await put(url, { "content-type": "application/octet-stream" });
  expect((await post(url, { "content-type": "application/octet-stream" }, bytes)).status).toBe(204);
  const answer = new Uint8Array(await (await fetch(url)).arrayBuffer());
  expect(Buffer.compare(answer, bytes)).toBe(0);
  const over = await post(url, { "content-type": "application/octet-stream" }, new Uint8Array(13_000_000));
  expect([over.status, (await over.json()).limit]).toEqual([413, "maxBodyBytes"]);
  expect((await fetch(url, { method: "HEAD" })).headers.get("stream-next-offset")).toMatch(/_0+1$/);
});

test("DU8 only pages of allowed sites get an answer", async () => {
  const url = standalone();
  await put(url, text, "a");
  const friend = await fetch(url, { headers: { origin: "https://friend.example" } });
  expect(friend.headers.get("access-control-allow-origin")).toBe("https://friend.example");
  const own = await fetch(url);
  expect(own.headers.get("access-control-allow-origin")).toBeNull();
  expect(own.headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(
    (await fetch(url, { method: "POST", headers: { ...text, origin: "https://foe.example" }, body: "b" }))
      .status,
  ).toBe(403);
});

test("DU9 a WebSocket at a standalone stream's address gets history, a fork's too, then live, and 1000 at the end", async () => {
  const [source, fork] = [standalone(), standalone()];
  await put(source, text, "one");
  await put(fork, { ...text, "stream-forked-from": new URL(source).pathname });
  await post(source, text, "not the fork's");
  await post(fork, text, "two");
  const socket = new WebSocket(fork.replace(/^http/, "ws"));
  const chunks: string[] = [];
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data));
    if (frame.t !== "chunks") return;
    chunks.push(...frame.chunks);
    if (chunks.length === 2) void post(fork, { ...text, "stream-closed": "true" }, "three");
  });
  expect(await closed).toBe(1000);
  expect(chunks).toEqual(["one", "two", "three"]);
});

test("DU9 SM33 who comes back to a standalone stream with an older generation is told what was withdrawn", async () => {
  const [source, fork] = [standalone(), standalone()];
  await put(source, text, "one");
  await put(fork, { ...text, "stream-forked-from": new URL(source).pathname });
  /** The first frames up to some chunks. */
  const framesOf = async (url: string, search = "") => {
    const socket = new WebSocket(url.replace(/^http/, "ws") + search);
    const frames: { readonly t: string; readonly info?: { readonly generation: number } }[] = [];
    await new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        frames.push(JSON.parse(String(data)));
        if (frames.at(-1)?.t === "chunks") resolve();
      });
    });
    socket.terminate();
    return frames;
  };
  for (const url of [source, fork]) {
    const [first] = await framesOf(url);
    const generation = first?.info?.generation ?? -1;
    const { origin, pathname } = new URL(url);
    await fetch(`${origin}/test/reset/${pathname.split("/").at(-1)}`, { method: "POST" });
    await post(url, text, "two");
    const frames = await framesOf(url, `?offset=0&generation=${generation}`);
    expect(frames.map(({ t }) => t)).toEqual(["stream", "resync", "chunks"]);
    const same = await framesOf(url, `?offset=0&generation=${frames[0]?.info?.generation}`);
    expect(same.map(({ t }) => t)).toEqual(["stream", "chunks"]);
  }
});

/** A stream of long chunks, of which a fork shares the most. */
async function longFork(long: string): Promise<string> {
  const [source, fork] = [standalone(), standalone()];
  await put(source, text);
  for (let n = 0; n < 6; n++) await post(source, text, `${n}${long}`);
  await put(fork, { ...text, "stream-forked-from": new URL(source).pathname });
  for (let n = 6; n < 9; n++) await post(fork, text, `${n}${long}`);
  return fork;
}

async function longOfSession(long: string): Promise<string> {
  const url = ofSession();
  await put(url, text);
  for (let n = 0; n < 9; n++) await post(url, text, `${n}${long}`);
  return url;
}

test.each([
  ["a fork's socket", longFork, "?offset=0"],
  ["a socket for others", longOfSession, "?offset=0&paced"],
])("DU20 who reads %s asks for each page of a long history", async (_what, made, search) => {
  const url = await made("x".repeat(600_000));
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}${search}`);
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  const firsts: string[] = [];
  let pulls = 0;
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data));
    if (frame.t !== "chunks") return;
    firsts.push(...frame.chunks.map((chunk: string) => chunk[0]));
    if (frame.more) {
      pulls += 1;
      socket.send(JSON.stringify({ t: "pull", offset: frame.to }));
    } else if (firsts.length === 9) void post(url, { ...text, "stream-closed": "true" }, "9");
  });
  expect(await closed).toBe(1000);
  expect(firsts.join("")).toBe("0123456789");
  expect(pulls).toBeGreaterThan(2);
});

test("DU20 server-sent events bring the whole of a fork's long history, and what follows", async () => {
  const url = await longFork("x".repeat(600_000));
  const reading = readWithEventSource(url);
  await until(() => String(reading.chunks.at(-1)).includes("8"));
  await post(url, { ...text, "stream-closed": "true" }, "9");
  await reading.done;
  expect(reading.chunks.join("").replaceAll("x", "")).toBe("0123456789");
});

test.each(["sse", "long-poll"])(
  "DU15 an idle %s reader writes nothing and lets the object sleep, and gets what comes",
  async (live) => {
    const url = ofSession();
    const name = new URL(url).pathname.split("/")[4] ?? "";
    await put(url, text, "so far");
    const written = async (): Promise<number> => {
      const answer = await post(url.replace("/streams/s", "/call/written"), json, "[]");
      return (await answer.json()).result;
    };
    const tail = (await fetch(url)).headers.get("stream-next-offset");
    const before = await written();
    expect(before).toBeGreaterThan(0);
    const ask = () => fetch(`${url}?offset=${tail}&live=${live}`);
    // One whose time is up, or that was cut off, asks again from where it is, as every client does.
    const heard = async (first: Promise<Response>): Promise<string> => {
      const answer = await first;
      const text = answer.status === 200 ? await textUntil(answer, " and more") : "";
      return text.includes(" and more") ? text : heard(ask());
    };
    const reading = ask();
    if (live === "sse") expect((await reading).headers.get("content-type")).toBe("text/event-stream");
    expect(await written()).toBe(before);
    // Only what is at rest can be evicted: a reader held by the object itself would be in the way.
    await server.evict("Desk", name);
    await post(url, text, " and more");
    expect(await heard(reading)).toContain(" and more");
  },
);

/** What comes until it has `wanted`, ends or breaks off. */
async function textUntil({ body }: Response, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (text.includes(wanted)) break;
    }
  } catch {
    // Broken off.
  }
  return text;
}
