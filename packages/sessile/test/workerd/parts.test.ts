import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, type SocketConstructor } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { partChunkBytes, type SessionContract } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

let here: Fixture;
/** Another server, with a bucket. */
let there: Fixture;
beforeAll(async () => {
  [here, there] = await Promise.all([Fixture.start(), Fixture.start({ r2: ["SESSILE_PARTS"] })]);
}, 90_000);
afterAll(() => Promise.all([here?.stop(), there?.stop()]));

const large = Uint8Array.from({ length: 2 * partChunkBytes + 321 }, (_, index) => (index * 7) % 251);
const hashOf = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

const send = (
  fixture: Fixture,
  name: string,
  body: BodyInit,
  path = "",
  headers: Record<string, string> = {},
) =>
  fetch(fixture.at(`diary/${name}/parts${path}`), {
    method: path === "" ? "POST" : "PUT",
    body,
    headers: { "content-type": "image/png", ...headers },
  });
const fetchPart = (fixture: Fixture, name: string, hash: string, headers: Record<string, string> = {}) =>
  fetch(fixture.at(`diary/${name}/parts/${hash}`), { headers });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

let ids = 0;
const append = (fixture: Fixture, name: string, payload: unknown) =>
  fixture.ask("POST", `diary/${name}/events`, {
    body: { clientEventId: `e-${++ids}`, type: "image.added", payload },
  });

/** A session with one large part that an event refers to. */
async function illustrated(fixture: Fixture): Promise<{ name: string; part: { $part: string } }> {
  const name = fixture.name("p");
  const part = await (await send(fixture, name, large)).json();
  expect((await append(fixture, name, { image: part })).status).toBe(201);
  return { name, part };
}

test("PA1 PA2 PA4 a part is its hash; it shows once an event refers to it, byte for byte, through eviction and restart", async () => {
  const name = here.name("p");
  const hash = hashOf(large);
  const wrong = await send(here, name, large, `/${hashOf("other")}`);
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: "bad_request", field: "hash" }]);
  expect((await send(here, name, large, `/${hash.toUpperCase()}`)).status).toBe(400);
  const first = await send(here, name, large, `/${hash}`);
  expect(first.status).toBe(201);
  const part = await first.json();
  expect(part).toEqual({ $part: `sha256:${hash}`, mediaType: "image/png", bytes: large.length });
  expect((await fetchPart(here, name, hash)).status).toBe(404);
  expect((await append(here, name, { image: part })).status).toBe(201);
  await here.evict(name, "Diary");
  expect(await bytesOf(await fetchPart(here, name, hash))).toEqual(large);
  await here.restart();
  expect(await bytesOf(await fetchPart(here, name, hash))).toEqual(large);
});

test("PA3 PA8 a reference to what is not there is refused by field; sent again, by whoever may write, it is the same part", async () => {
  const { name, part } = await illustrated(here);
  const missing = { ...part, $part: `sha256:${hashOf("missing")}` };
  expect(await append(here, name, { a: [missing] })).toMatchObject({
    status: 400,
    body: { code: "bad_request", field: "payload.a.0" },
  });
  const again = [await send(here, name, large), await send(here, name, large, `/${hashOf(large)}`)];
  expect(again.map(({ status }) => status)).toEqual([200, 200]);
  expect((await send(here, name, "x", "", { "x-test-user": "reader" })).status).toBe(403);
  expect((await fetchPart(here, name, hashOf(large), { "x-test-user": "mallory" })).status).toBe(403);
  expect((await send(here, name, "x", "", { "content-type": "no type" })).status).toBe(400);
  expect((await send(here, name, "")).status).toBe(400);
  await here.ask("POST", `diary/${name}/lifecycle`, { body: { to: "paused" } });
  expect((await send(here, name, "x")).status).toBe(409);
});

test("PA5 a body past the limit is refused by name, whatever length it claims", async () => {
  const piece = new Uint8Array(partChunkBytes);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => (++sent > 40 ? controller.close() : controller.enqueue(piece)),
  });
  const init = { method: "POST", body: endless, duplex: "half" } as RequestInit;
  const response = await fetch(here.at(`diary/${here.name("p")}/parts`), init);
  expect([response.status, await response.json()]).toMatchObject([413, { limit: "maxPartBytes" }]);
});

test("PA7 a part is cached for ever, read in ranges, and never a page of this site", async () => {
  const name = here.name("p");
  const page = "<script>alert(1)</script>";
  const part = await (await send(here, name, page, "", { "content-type": "text/html" })).json();
  await append(here, name, part);
  const hash = hashOf(page);
  const { headers } = await fetchPart(here, name, hash);
  expect(Object.fromEntries(headers)).toMatchObject({
    etag: `"${hash}"`,
    "content-type": "text/html",
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=31536000, immutable",
  });
  expect((await fetchPart(here, name, hash, { "if-none-match": `"x", "${hash}"` })).status).toBe(304);
  const head = await fetch(here.at(`diary/${name}/parts/${hash}`), { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "25", ""]);
  const ranges: [string, number, string][] = [
    ["bytes=0-7", 206, "<script>"],
    ["bytes=-9", 206, "</script>"],
    ["bytes=8-", 206, "alert(1)</script>"],
    ["bytes=20-99", 206, "ript>"],
    ["bytes=25-", 416, ""],
    ["bytes=-0", 416, ""],
    ["bytes=5-2", 200, page],
    ["bytes=0-1,3-4", 200, page],
    ["lines=0-1", 200, page],
  ];
  for (const [range, status, text] of ranges) {
    const response = await fetchPart(here, name, hash, { range });
    expect([range, response.status, await response.text()]).toEqual([range, status, text]);
  }
  expect((await fetchPart(here, name, hash, { range: "bytes=0-1", "if-range": '"old"' })).status).toBe(200);
});

test("PA7 a range across the pieces of a long part is exact", async () => {
  const { name } = await illustrated(here);
  const [from, to] = [partChunkBytes - 3, 2 * partChunkBytes + 5];
  const response = await fetchPart(here, name, hashOf(large), { range: `bytes=${from}-${to - 1}` });
  expect(response.headers.get("content-range")).toBe(`bytes ${from}-${to - 1}/${large.length}`);
  expect(response.headers.get("content-length")).toBe(String(to - from));
  expect(await bytesOf(response)).toEqual(large.slice(from, to));
});

test("PA9 PA10 export, import beside a bucket, export again gives the same bytes; what the bucket holds reads the same", async () => {
  const { name } = await illustrated(here);
  const note = await (await send(here, name, "a note")).json();
  await append(here, name, [note, note]);
  // One takes the place of the other in the state.
  const sketch = await (await send(here, name, "a sketch")).json();
  for (const photo of [note, sketch])
    expect((await here.ask("POST", `diary/${name}/call/show`, { body: [photo] })).status).toBe(200);
  await send(here, name, "waits, and belongs to no event");
  await here.ask("POST", `diary/${name}/snapshots`);
  const text = await (await fetch(here.at(`diary/${name}/export`))).text();
  expect(text).not.toContain(hashOf("waits, and belongs to no event"));
  const damaged = [
    [text.replace(/("at":1048576,"of":\d+,"data":")../, "$1zz"), "does not match its hash"],
    [text.replace(/\{"part":"[0-9a-f]+","at":1048576.*\n/, ""), "missing or out of order"],
    [text.replace(hashOf("a note"), hashOf("a vote")), ""],
    [text.replace('"parts":3', '"parts":2'), ""],
  ];
  for (const [file = "", complaint] of damaged) {
    expect(file).not.toBe(text);
    const answer = await there.ask("POST", "/v1/sessions/import", { text: file });
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(complaint ?? "")]);
  }
  expect((await there.ask("POST", "/v1/sessions/import", { text })).status).toBe(201);
  const exported = async () => (await fetch(there.at(`diary/${name}/export`))).text();
  expect(await exported()).toBe(text);
  const places = async () => (await there.ask("POST", `diary/${name}/call/places`, { body: [] })).body.result;
  await until(async () => (await places()).every(({ place }: { place: string }) => place === "bucket"));
  expect((await places()).every(({ rows }: { rows: number }) => rows === 0)).toBe(true);
  expect(await exported()).toBe(text);
  const response = await fetchPart(there, name, hashOf(large), { range: `bytes=${partChunkBytes - 2}-` });
  expect(await bytesOf(response)).toEqual(large.slice(partChunkBytes - 2));
});

test("PA5 an export whose parts are together more than may wait is imported", async () => {
  const address = `tiny/${here.name("p")}`;
  for (const seed of [1, 2]) {
    const data = new Uint8Array(100).fill(seed);
    const headers = { "content-type": "image/png" };
    const sent = await fetch(here.at(`${address}/parts`), { method: "POST", body: data, headers });
    const body = { clientEventId: `card-${seed}`, type: "card.moved", payload: await sent.json() };
    expect((await here.ask("POST", `${address}/events`, { body })).status).toBe(201);
  }
  const text = await (await fetch(here.at(`${address}/export`))).text();
  expect((await there.ask("POST", "/v1/sessions/import", { text })).status).toBe(201);
  expect(await (await fetch(there.at(`${address}/export`))).text()).toBe(text);
});

test("PA11 restored from the record, parts in a bucket are there again; those in place are not, until they are sent", async () => {
  const lose = async (fixture: Fixture): Promise<string> => {
    const { name } = await illustrated(fixture);
    if (fixture === there)
      await until(async () => {
        const { body } = await fixture.ask("POST", `diary/${name}/call/places`, { body: [] });
        return body.result[0].place === "bucket";
      });
    await fixture.ask("POST", `diary/${name}/snapshots`);
    await until(async () => {
      const [head, view] = [await fixture.get(`diary/${name}/head`), await fixture.get(`diary/${name}`)];
      return head.body.recordedSeq === view.body.lastSeq;
    });
    await fixture.ask("POST", `/test/forget/${name}`);
    expect((await fixture.ask("POST", `diary/${name}/restore`)).status).toBe(201);
    return name;
  };
  const [gone, kept] = [await lose(here), await lose(there)];
  expect(await bytesOf(await fetchPart(there, kept, hashOf(large)))).toEqual(large);
  expect((await fetchPart(here, gone, hashOf(large))).status).toBe(404);
  expect((await send(here, gone, large)).status).toBe(200);
  expect(await bytesOf(await fetchPart(here, gone, hashOf(large)))).toEqual(large);
});

test("PA4 in ledger mode a part shows once the record holds the event that refers to it", async () => {
  const name = here.name("b");
  const at = (path: string) => here.at(`books/${name}${path}`);
  const part = await (await fetch(at("/parts"), { method: "POST", body: "ledger" })).json();
  const status = async () => (await fetch(at(`/parts/${hashOf("ledger")}`))).status;
  await here.ask("POST", "/test/d1/held");
  let isAnswered = false;
  const answer = here
    .ask("POST", `books/${name}/events`, {
      body: { clientEventId: "held", type: "image.added", payload: part },
    })
    .finally(() => {
      isAnswered = true;
    });
  // Whatever comes first: the part is not shown before the event is acknowledged.
  const early = await status();
  expect([early, isAnswered]).toEqual([404, false]);
  await here.ask("POST", "/test/d1/up");
  expect((await answer).status).toBe(201);
  expect(await status()).toBe(200);
});

test("PA12 a method keeps a part in its own commit, and one that fails keeps none", async () => {
  const name = here.name("p");
  const output = "line\n".repeat(300_000);
  const paste = (isRefused: boolean) =>
    here.ask("POST", `diary/${name}/call/paste`, { body: [output, isRefused] });
  expect((await paste(true)).status).toBe(500);
  const places = await here.ask("POST", `diary/${name}/call/places`, { body: [] });
  expect(places.body.result).toEqual([]);
  const { result } = (await paste(false)).body;
  expect(result).toMatchObject({ mediaType: "text/plain", bytes: output.length, name: "output.txt" });
  expect(await (await fetchPart(here, name, result.$part.slice(7))).text()).toBe(output);
});

test("PA13 a client sends what is large first, and gets it back to the byte", async () => {
  const name = here.name("p");
  const session = connect<SessionContract>({
    url: here.url,
    kind: "diary",
    name,
    WebSocket: WebSocket as unknown as SocketConstructor,
  });
  const long = "é\u{1f9ed}".repeat(100_000);
  const image = new File([large], "map.png", { type: "image/png" });
  const payload = await session.parts.pack({ image, bytes: large.slice(0, 9), texts: ["short", long] });
  await session.append("image.added", payload);
  const [event] = (await here.log(name, "diary")).filter(({ type }) => type === "image.added");
  expect(event?.payload).toMatchObject({
    image: { mediaType: "image/png", bytes: large.length, name: "map.png" },
    bytes: { bytes: 9 },
    texts: ["short", { mediaType: "text/plain; charset=utf-8" }],
  });
  // biome-ignore lint/suspicious/noExplicitAny: its shape is what was just expected
  const shown = event?.payload as any;
  expect(new Uint8Array(await (await session.parts.read(shown.image)).arrayBuffer())).toEqual(large);
  expect(await (await session.parts.read(shown.texts[1])).text()).toBe(long);
  expect((await fetch(session.parts.urlOf(shown.image))).status).toBe(200);
  session.close();
});
