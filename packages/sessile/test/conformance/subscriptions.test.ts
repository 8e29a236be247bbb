import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Server } from "../../src/node/index.ts";
import { temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import { serveStreams } from "./stream-server.ts";
import { isSigned, WebhookReceiver } from "./webhook-receiver.ts";

const folder = temporaryFolder();
let server: Server;
let receiver: WebhookReceiver;
let names = 0;

beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  server = await serveStreams(folder.path);
});
afterAll(async () => {
  await server?.close();
  await receiver?.stop();
  folder[Symbol.dispose]();
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes, and a wrong one fails them
  readonly body: any;
}

async function ask(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const response = await fetch(`${server.url}/v1/stream/${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const sub = (id: string) => `__ds/subscriptions/${id}`;
const offset = (n: number) => `${"0".repeat(16)}_${String(n).padStart(16, "0")}`;

/** A name and a folder of streams that nobody else uses. */
function fresh(): { id: string; dir: string } {
  names += 1;
  return { id: `s-${names}`, dir: `dir-${names}` };
}

async function subscribed(id: string, config: object): Promise<void> {
  expect((await ask("PUT", sub(id), config)).status).toBe(201);
}

const webhook = (dir: string, path = "/hook") => ({
  type: "webhook",
  pattern: `${dir}/*`,
  webhook: { url: `${receiver.url}${path}` },
});

async function kill(): Promise<void> {
  const pid = server.runtimePid;
  if (pid === undefined) throw new Error("the runtime's pid is not known");
  process.kill(pid, "SIGKILL");
  await until(async () => {
    const answer = await fetch(server.url).catch(() => null);
    return answer !== null && server.runtimePid !== pid;
  });
}

test("SB10 a wake whose delivery a crash cut off is delivered after it, and acknowledged once", async () => {
  const { id, dir } = fresh();
  await subscribed(id, webhook(dir));
  await ask("PUT", `${dir}/a`, [1, 2]);
  const cut = await receiver.next();
  await kill();
  // Whatever is asked first wakes the subscriptions.
  await ask("GET", sub(id));
  const again = await receiver.next();
  expect(again.body).toMatchObject({ wake_id: cut.body.wake_id, generation: 1 });
  again.answer(200, { done: true });
  await until(async () => (await ask("GET", sub(id))).body.streams[0].acked_offset === offset(2));
  await ask("DELETE", sub(id));
});

test("SB10 subscriptions and streams outlive evictions", async () => {
  const { id, dir } = fresh();
  await subscribed(id, webhook(dir));
  await ask("PUT", `${dir}/a`, [1]);
  const first = await receiver.next();
  first.answer(200);
  await server.evict("StreamSubscriptions", "all");
  const { wake_id, generation, callback_token } = first.body;
  const acks = [{ stream: `${dir}/a`, offset: offset(1) }];
  const done = await ask(
    "POST",
    `${sub(id)}/callback`,
    { wake_id, generation, acks, done: true },
    callback_token,
  );
  expect(done).toEqual({ status: 200, body: { ok: true, next_wake: false } });
  await server.evict("StreamObject", `${dir}/a`);
  await ask("POST", `${dir}/a`, [2]);
  const second = await receiver.next();
  expect(second.body).toMatchObject({
    generation: 2,
    streams: [{ acked_offset: offset(1), tail_offset: offset(2) }],
  });
  second.answer(200, { done: true });
  await ask("DELETE", sub(id));
});

test("SB4 streams there are, are linked at their end; deleted ones are not any more", async () => {
  const { id, dir } = fresh();
  const paths = Array.from({ length: 40 }, (_, n) => `${dir}/${String(n).padStart(2, "0")}`);
  await Promise.all(paths.map((path) => ask("PUT", path, ["before"])));
  await ask("PUT", "wakes-4", []);
  await subscribed(id, { type: "pull-wake", pattern: `${dir}/**`, wake_stream: "wakes-4" });
  const { streams } = (await ask("GET", sub(id))).body;
  expect(streams).toEqual(paths.map((path) => ({ path, link_type: "glob", acked_offset: offset(1) })));
  const claim = () => ask("POST", `${sub(id)}/claim`, { worker: "w" });
  expect((await claim()).body.error.code).toBe("NO_PENDING_WORK");
  const [first = "", second = ""] = paths;
  await ask("POST", second, ["after"]);
  const claimed = await claim();
  expect(claimed.body.streams[0]).toEqual({
    path: second,
    link_type: "glob",
    acked_offset: offset(1),
    tail_offset: offset(2),
    has_pending: true,
  });
  await ask("DELETE", first);
  await ask("DELETE", second);
  await ask("PUT", second, ["anew"]);
  const after = (await ask("GET", sub(id))).body.streams;
  expect(after.map(({ path }: { path: string }) => path)).toEqual([second, ...paths.slice(2)]);
  expect(after[0].acked_offset).toBe(offset(0));
  await ask("DELETE", sub(id));
});

test("SB4 a stream is unlinked by its whole name, which may look like an address of a subscription's stream", async () => {
  const { id, dir } = fresh();
  const [outer, inner] = [dir, `${dir}/subscriptions/b/streams/c`];
  await subscribed(id, { type: "pull-wake", streams: [outer, inner], wake_stream: "wakes-4" });
  expect((await ask("DELETE", `${sub(id)}/streams/${inner}`)).status).toBe(204);
  const { streams } = (await ask("GET", sub(id))).body;
  expect(streams.map(({ path }: { path: string }) => path)).toEqual([outer]);
  await ask("DELETE", sub(id));
});

test("SB9 a webhook is signed and must answer itself: a redirect is a failure, and the wake comes again", async () => {
  const { id, dir } = fresh();
  await subscribed(id, webhook(dir));
  const { keys } = (await ask("GET", "__ds/jwks.json")).body;
  await ask("PUT", `${dir}/a`, [1]);
  const first = await receiver.next();
  expect(isSigned(first, keys)).toBe(true);
  expect(isSigned({ ...first, text: `${first.text} ` }, keys)).toBe(false);
  first.answer(307, {}, { location: `${receiver.url}/elsewhere` });
  await until(async () => (await ask("GET", sub(id))).body.status === "failed");
  const second = await receiver.next();
  expect([second.path, second.body]).toEqual(["/hook", first.body]);
  second.answer(200, { done: true });
  await until(async () => (await ask("GET", sub(id))).body.status === "active");
  expect(receiver.left).toEqual([]);
  await ask("DELETE", sub(id));
});

test("SB5 what is appended while a wake is handled is the next one's", async () => {
  const { id, dir } = fresh();
  await subscribed(id, webhook(dir));
  await ask("PUT", `${dir}/a`, [1]);
  const first = await receiver.next();
  await ask("POST", `${dir}/a`, [2]);
  first.answer(200, { done: true });
  const second = await receiver.next();
  expect(second.body).toMatchObject({
    generation: 2,
    streams: [{ acked_offset: offset(1), tail_offset: offset(2), has_pending: true }],
  });
  await ask("DELETE", sub(id));
  const { wake_id, generation, callback_token } = second.body;
  const late = await ask("POST", `${sub(id)}/callback`, { wake_id, generation, done: true }, callback_token);
  expect([late.status, late.body.error.code]).toEqual([404, "SUBSCRIPTION_NOT_FOUND"]);
  second.answer(200, { done: true });
});

test("SB13 wakes wait for their stream, and say which subscription and which stream", async () => {
  const { id, dir } = fresh();
  const wakes = `wakes-of-${id}`;
  await subscribed(id, { type: "pull-wake", pattern: "**", streams: [`${dir}/a`], wake_stream: wakes });
  await ask("PUT", `${dir}/a`, [1]);
  await until(async () => (await ask("GET", sub(id))).body.status === "failed");
  await ask("PUT", wakes, []);
  await until(async () => (await ask("GET", wakes)).body.length === 1);
  expect((await ask("GET", wakes)).body).toEqual([
    { type: "wake", subscription_id: id, stream: `${dir}/a`, generation: 1, ts: expect.any(Number) },
  ]);
  expect((await ask("GET", sub(id))).body).toMatchObject({ status: "active", wake_stream: wakes });
  await ask("DELETE", sub(id));
});

test("SB6 a worker that falls silent loses its wake by an alarm, and a stream whose time is up loses its links", async () => {
  const { id, dir } = fresh();
  const wakes = `wakes-of-${id}`;
  await ask("PUT", wakes, []);
  await subscribed(id, { type: "pull-wake", pattern: `${dir}/*`, wake_stream: wakes, lease_ttl_ms: 1000 });
  await fetch(`${server.url}/v1/stream/${dir}/short`, { method: "PUT", headers: { "stream-ttl": "1" } });
  await ask("PUT", `${dir}/a`, [1]);
  const claimed = await ask("POST", `${sub(id)}/claim`, { worker: "silent" });
  expect(claimed.body.generation).toBe(1);
  await until(async () => (await ask("GET", wakes)).body.at(-1)?.generation === 2);
  const { wake_id, generation, token } = claimed.body;
  const late = await ask("POST", `${sub(id)}/ack`, { wake_id, generation, done: true }, token);
  expect([late.status, late.body.error.code]).toEqual([409, "FENCED"]);
  await until(async () => (await ask("GET", sub(id))).body.streams.length === 1);
  await ask("DELETE", sub(id));
});

test("SB16 the key is made once, its name follows from it, and its private half stays", async () => {
  const before = (await ask("GET", "__ds/jwks.json")).body;
  await kill();
  const after = (await ask("GET", "__ds/jwks.json")).body;
  expect(after).toEqual(before);
  const [key] = after.keys;
  expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  const members = JSON.stringify({ crv: key.crv, kty: key.kty, x: key.x });
  expect(key.kid).toBe(`ds_${createHash("sha256").update(members).digest("base64url")}`);
});

test.each([
  ["no object", [], "body"],
  ["another type", { type: "push" }, "body.type"],
  ["neither pattern nor streams", { pattern: undefined }, "pattern"],
  ["no webhook", { webhook: undefined }, "webhook.url"],
  ["a lease too short", { lease_ttl_ms: 999 }, "body.lease_ttl_ms"],
  ["a lease too long", { lease_ttl_ms: 600_001 }, "body.lease_ttl_ms"],
  ["a reserved stream", { streams: ["__ds/subscriptions"] }, "streams"],
  ["no name", { streams: ["//"] }, "streams"],
  ["no wake stream", { type: "pull-wake" }, "wake_stream"],
  ["its own wakes", { type: "pull-wake", wake_stream: "w", streams: ["w"] }, "streams"],
  ["too many streams", { streams: Array.from({ length: 1001 }, (_, n) => `n${n}`) }, "body.streams"],
])("SB15 a subscription with %s is refused by name", async (_, changed, field) => {
  const body = Array.isArray(changed) ? changed : { ...webhook("never"), ...changed };
  const { status, body: problem } = await ask("PUT", sub("bad"), body);
  expect([status, problem.field, problem.error.code]).toEqual([400, field, "INVALID_REQUEST"]);
  expect(problem).toMatchObject({ status: 400, code: "bad_request", error: { message: problem.detail } });
  expect((await ask("GET", sub("bad"))).status).toBe(404);
});

test("HT27 where streams have no binding by which subscriptions find them, nothing is subscribed to and nobody asks again", async () => {
  using other = temporaryFolder();
  const durableObjects = { SESSILE_SUBSCRIPTIONS: { className: "StreamSubscriptions" } };
  const bare = await serveStreams(other.path, 0, { durableObjects });
  try {
    const put = (id: string, body: object) =>
      fetch(`${bare.url}/v1/stream/${sub(id)}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    for (const config of [webhook("builds"), { ...webhook("builds"), streams: ["a"] }]) {
      const answer = await put("s", config);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([501, null]);
      expect(await answer.json()).toMatchObject({ code: "not_configured" });
    }
    expect((await fetch(`${bare.url}/v1/stream/${sub("s")}`)).status).toBe(404);
  } finally {
    await bare.close();
  }
});

test("SB7 a made-up token is nobody's", async () => {
  const { id, dir } = fresh();
  await subscribed(id, webhook(dir));
  await ask("PUT", `${dir}/a`, [1]);
  const call = await receiver.next();
  const { wake_id, generation, callback_token } = call.body;
  const said = { wake_id, generation, done: true };
  const [incarnation, , wake, signature] = callback_token.split(".");
  for (const token of [
    undefined,
    "x",
    `${incarnation}.${generation}.${wake}.`,
    `${incarnation}.${generation + 1}.${wake}.${signature}`,
    `${callback_token}A`,
  ]) {
    const { status, body } = await ask("POST", `${sub(id)}/callback`, said, token);
    expect([token, status, body.error.code]).toEqual([token, 401, "TOKEN_INVALID"]);
  }
  expect((await ask("POST", `${sub(id)}/callback`, said, callback_token)).body.ok).toBe(true);
  call.answer(200);
  await ask("DELETE", sub(id));
});
