import { EventSource } from "eventsource";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openStream, type SocketConstructor } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { relayName } from "../../src/protocol/relay-address.ts";
import { SocketReader } from "./socket-reader.ts";
import { Fixture } from "./start.ts";

// Every object of this kind, and every relay, takes two readers.
const crowd = 24;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture.stop());

const call = async (name: string, method: string, ...args: unknown[]) => {
  const answer = await fixture.ask("POST", `crowds/${name}/call/${method}`, { body: args });
  if (answer.status !== 200) throw new Error(`${method} answered ${JSON.stringify(answer.body)}`);
  return answer.body.result;
};

const readers = (name: string, search = ""): SocketReader[] =>
  Array.from({ length: crowd }, () => new SocketReader(fixture, `crowds/${name}/streams/s${search}`));

/** Relays of the first level; which of them are used is left to chance. */
const relaysOf = (name: string): string[] =>
  Array.from({ length: 8 }, (_, branch) =>
    relayName({ binding: "CROWDS", name, streamId: "s", jurisdiction: null, path: [branch] }),
  );

test("SM40 readers beyond those an object takes are served by relays, and relays of relays, without gap or repeat", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 3, 10, false);
  const all = readers(name);
  await Promise.all(all.map((reader) => reader.seen(3)));
  await call(name, "say", "s", 4, 20_000, false);
  await Promise.all(all.map((reader) => reader.seen(7)));
  const late = readers(name, "?offset=1");
  await call(name, "say", "s", 2, 10, true);
  expect(await Promise.all(all.map(({ closed }) => closed))).toEqual(all.map(() => 1000));
  expect(await Promise.all(late.map(({ closed }) => closed))).toEqual(late.map(() => 1000));
  const [{ chunks }] = all as [SocketReader];
  expect(chunks).toHaveLength(9);
  for (const reader of all) expect(reader.chunks).toEqual(chunks);
  for (const reader of late) expect(reader.chunksFrom(1)).toEqual(chunks.slice(1));
  for (const reader of all) expect(reader.frames.at(-1)).toEqual({ t: "end", output: { count: 2 } });
});

test("SM41 a failure and a withdrawal pass down to the readers of relays", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 2, 10, false);
  const all = readers(name);
  await Promise.all(all.map((reader) => reader.seen(2)));
  await call(name, "reset", "s");
  await call(name, "say", "s", 1, 10, false);
  await Promise.all(all.map((reader) => reader.seen(3)));
  await call(name, "fail", "s");
  expect(await Promise.all(all.map(({ closed }) => closed))).toEqual(all.map(() => 1011));
  for (const { frames } of all) {
    const told = frames.filter(({ t }) => t === "resync" || t === "fail" || t === "chunks");
    expect(told).toMatchObject([
      { t: "chunks", at: 0, to: 2 },
      { t: "resync", offset: 0 },
      { t: "chunks", at: 2, to: 3 },
      { t: "fail", error: { message: "No voice." } },
    ]);
  }
});

test("SM42 readers of a relay that died go on where they were", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 3, 10, false);
  const url = fixture.at(`crowds/${name}/streams/s`);
  const seen = Array.from({ length: 8 }, (): unknown[] => []);
  const reading = seen.map(async (chunks) => {
    for await (const chunk of openStream({ url, WebSocket: WebSocket as unknown as SocketConstructor }))
      chunks.push(chunk);
  });
  const all = (count: number) => until(() => seen.every(({ length }) => length === count));
  await all(3);
  await Promise.all(relaysOf(name).map((text) => fixture.ask("POST", "/test/relays/kill", { text })));
  await call(name, "say", "s", 2, 10, false);
  await all(5);
  await fixture.crash();
  await call(name, "say", "s", 2, 10, false);
  await all(7);
  await call(name, "say", "s", 1, 10, true);
  await Promise.all(reading);
  for (const chunks of seen) expect(chunks).toEqual(seen[0]);
  expect(seen[0]).toHaveLength(8);
});

test("SM43 a relay serves only whoever may read, and tells of a stream that is not there", async () => {
  const name = fixture.name();
  await call(name, "say", "s", 1, 10, false);
  const all = readers(name);
  await Promise.all(all.map((reader) => reader.seen(1)));
  const stranger = new SocketReader(fixture, `crowds/${name}/streams/s`, { "x-test-user": "mallory" });
  expect(await stranger.closed).toBe(4403);
  expect(await new SocketReader(fixture, `crowds/${name}/streams/none`).closed).toBe(4404);
  for (const { socket } of all) socket.terminate();
});

test("SM53 relays whose readers have left do not keep their session from expiring", async () => {
  const name = fixture.name("brief");
  // Whoever is connected from the beginning is in time however busy the machine is.
  const first = await fixture.live(name, { kind: "crowds" });
  await call(name, "say", "s", 1, 10, false);
  const all = readers(name);
  await Promise.all(all.map((reader) => reader.seen(1)));
  await first.close();
  for (const { socket } of all) socket.close();
  await until(async () => (await fixture.get(`crowds/${name}`)).status === 404);
});

const plain = { "content-type": "text/plain" };

/** A standalone stream whose object takes two readers. */
async function standalone(text: string, headers: Record<string, string> = {}): Promise<string> {
  const path = `/v1/stream/${fixture.name("crowd")}`;
  expect(await fixture.ask("PUT", path, { text, headers: { ...plain, ...headers } })).toMatchObject({
    status: 201,
  });
  return path;
}

const append = (path: string, text: string, headers: Record<string, string> = {}) =>
  fixture.ask("POST", path, { text, headers: { ...plain, ...headers } });

/** One reader after another kind: what it has read so far, and everything once the stream has closed. */
interface TextReader {
  readonly text: () => string;
  readonly all: Promise<string>;
}

function overSocket(path: string): TextReader {
  const reader = new SocketReader(fixture, path);
  const text = () => reader.chunks.join("");
  return { text, all: reader.closed.then(text) };
}

function overEvents(path: string): TextReader {
  let text = "";
  const source = new EventSource(`${fixture.at(path)}?offset=-1&live=sse`);
  source.addEventListener("data", ({ data }) => {
    text += data;
  });
  const all = new Promise<string>((resolve) => {
    source.addEventListener("control", ({ data }) => {
      if (!JSON.parse(data).streamClosed) return;
      source.close();
      resolve(text);
    });
  });
  return { text: () => text, all };
}

function overPolls(path: string): TextReader {
  let text = "";
  const read = async (offset: string): Promise<string> => {
    const { status, headers, body } = await fixture.get(`${path}?offset=${offset}&live=long-poll`);
    if (status > 204) throw new Error(`answered ${status}`);
    text += body;
    if (headers.get("stream-closed") === "true") return text;
    return read(headers.get("stream-next-offset") ?? "");
  };
  return { text: () => text, all: read("-1") };
}

test("DU16 readers of a standalone stream beyond those its object takes are served by relays, over sockets, events and polls, a fork's too", async () => {
  const source = await standalone("one ");
  const fork = await standalone("two ", { "stream-forked-from": source });
  await append(source, "not the fork's");
  const all = [overSocket, overEvents, overPolls].flatMap((over) =>
    Array.from({ length: 6 }, () => over(fork)),
  );
  await until(() => all.every(({ text }) => text() === "one two "));
  await append(fork, "three ");
  await until(() => all.every(({ text }) => text() === "one two three "));
  await append(fork, "four", { "stream-closed": "true" });
  const read = await Promise.all(all.map((reader) => reader.all));
  expect(read).toEqual(all.map(() => "one two three four"));
});

test.each(["nobody", "a fork"])(
  "DU17 readers of a deleted stream that is shared by %s are told, through relays too",
  async (sharer) => {
    const path = await standalone("one");
    if (sharer === "a fork") await standalone("two", { "stream-forked-from": path });
    const tail = (await fixture.get(path)).headers.get("stream-next-offset");
    const sockets = Array.from({ length: 6 }, () => new SocketReader(fixture, path));
    await Promise.all(sockets.map((reader) => reader.seen(1)));
    const events = await fetch(`${fixture.at(path)}?offset=-1&live=sse`);
    const polls = Array.from({ length: 4 }, () => fixture.get(`${path}?offset=${tail}&live=long-poll`));
    await fixture.ask("DELETE", path);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(sockets.map(() => 4410));
    await expect(events.text()).rejects.toThrow();
    const after = sharer === "a fork" ? 410 : 404;
    for (const { status } of await Promise.all(polls)) expect([410, after]).toContain(status);
    expect((await fixture.get(path)).status).toBe(after);
  },
);
