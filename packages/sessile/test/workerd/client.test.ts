import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, type SessionClient } from "../../src/client/index.ts";
import { sqliteOutbox } from "../../src/client-node/index.ts";
import { temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import type { NotesContract, TinyContract } from "./fixture-contracts.ts";
import { Fixture } from "./start.ts";

let fixture: Fixture;
let clients: SessionClient<NotesContract>[] = [];
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});
afterAll(() => fixture.stop());

function client(name: string): SessionClient<NotesContract> {
  const made = connect<NotesContract>({ url: fixture.url, kind: "notes", name });
  clients.push(made);
  return made;
}

test("WS24 two clients stay equal to the server through evictions, and their calls are answered", async () => {
  const name = fixture.name();
  const [one, two] = [client(name), client(name)];
  await Promise.all([one.whenLive(), two.whenLive()]);
  for (let round = 0; round < 5; round++) {
    const [answer] = await Promise.all([one.call.add(`one ${round}`), two.call.add(`two ${round}`)]);
    expect(answer.count).toBeGreaterThan(round * 2);
    await fixture.evict(name);
  }
  const { body } = await fixture.get(`notes/${name}`);
  for (const { getSnapshot } of [one, two]) {
    await until(() => getSnapshot().lastSeq === body.lastSeq);
    const { view, events } = getSnapshot();
    expect(view).toEqual({
      ...body,
      createdAt: Date.parse(body.createdAt),
      updatedAt: Date.parse(body.updatedAt),
    });
    expect(events).toEqual(await fixture.log(name));
  }
});

test("WS25 commands given while nobody serves wait, and are applied once and in order when somebody does", async () => {
  const name = fixture.name();
  const [writer, reader] = [client(name), client(name)];
  await Promise.all([writer.whenLive(), reader.whenLive()]);
  const answers: Promise<{ readonly seq: number }>[] = [];
  const say = (count: number) => {
    for (let n = 0; n < count; n++) {
      answers.push(writer.append("note.said", { by: "writer", n: answers.length }));
    }
  };
  say(50);
  await fixture.restart(() => say(100));
  say(50);
  const seqs = (await Promise.all(answers)).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, n) => n + 4));
  const said = (await fixture.log(name)).filter(({ type }) => type === "note.said");
  expect(said.map(({ payload }) => (payload as { n: number }).n)).toEqual(seqs.map((_, n) => n));
  await until(() => reader.getSnapshot().lastSeq === 203);
  expect(reader.getSnapshot().events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 203 }, (_, n) => n + 1),
  );
});

test("WS26 a runtime that is killed in the middle is come back to by itself", async () => {
  const name = fixture.name();
  const one = client(name);
  await one.call.add("before");
  const pending = Array.from({ length: 20 }, (_, n) => one.call.add(`during ${n}`));
  await fixture.crash();
  await Promise.all(pending);
  expect(await one.call.add("after")).toMatchObject({ count: 22 });
});

test("ST32 two clients that update the state through evictions and cut connections lose nothing and end equal to the server", async () => {
  const name = fixture.name();
  const [one, two] = [0, 1].map(() => {
    const made = connect<TinyContract>({
      url: fixture.url,
      kind: "tiny",
      name,
    });
    clients.push(made as never);
    return made;
  }) as [SessionClient<TinyContract>, SessionClient<TinyContract>];
  await Promise.all([one.whenLive(), two.whenLive()]);
  const answers: Promise<unknown>[] = [];
  for (let round = 0; round < 6; round++) {
    for (const each of [one, two])
      answers.push(each.setState(({ text }) => ({ text: `${text}${each === one ? "1" : "2"}` })));
    if (round === 2) await fixture.restart();
    if (round % 2 === 0) continue;
    await Promise.all(answers);
    await fixture.evict(name, "Tiny");
  }
  await Promise.all(answers);
  const { body } = await fixture.get(`tiny/${name}`);
  expect([...body.state.text].sort().join("")).toBe("111111222222");
  for (const { getSnapshot } of [one, two]) {
    await until(() => getSnapshot().lastSeq === body.lastSeq);
    expect(getSnapshot()).toMatchObject({ state: body.state, view: { state: body.state }, pending: [] });
  }
});

/** Runs a process that writes until it has stored so many commands, and kills it. @returns how many it had stored */
async function writeAndDie(name: string, store: string, by: string, enough: number): Promise<number> {
  const program = fileURLToPath(new URL("outbox-writer.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--conditions=sessile-source", program, fixture.url, name, store, by],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exit = once(child, "exit");
  let stored = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    stored = Number(line);
    if (stored >= enough) child.kill("SIGKILL");
  }
  await exit;
  return stored;
}

test("OX2 OX5 what processes had stored when they were killed arrives once and in order, also what was sent already", async () => {
  using folder = temporaryFolder();
  const store = join(folder.path, "outbox.db");
  const name = fixture.name();
  const stored: Record<string, number> = {};
  const write = async (by: string, enough: number) => {
    stored[by] = await writeAndDie(name, store, by, enough);
  };
  await write("connected", 100);
  await fixture.restart(async () => {
    await write("offline", 50);
  });
  await Promise.all([write("one of two", 50), write("other of two", 50)]);

  const last = connect<NotesContract>({ url: fixture.url, kind: "notes", name, outbox: sqliteOutbox(store) });
  clients.push(last);
  await last.whenLive();
  await last.outbox.saved();
  await until(() => last.getSnapshot().pending.length === 0);
  expect([last.outbox.kept, last.outbox.others, last.outbox.error]).toEqual([[], [], null]);
  const said = (await fixture.log(name)).filter(({ type }) => type === "note.said");
  for (const [by, count] of Object.entries(stored)) {
    const numbers = said
      .map(({ payload }) => payload as { by: string; n: number })
      .filter((payload) => payload.by === by)
      .map(({ n }) => n);
    expect(numbers.length).toBeGreaterThanOrEqual(count);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  }
});
