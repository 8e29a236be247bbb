import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, longPoll, poll, type SessionClient, sse, type Transport } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
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

function client(
  name: string,
  transport?: Transport,
  from?: "snapshot",
  kind = "notes",
): SessionClient<NotesContract> {
  const made = connect<NotesContract>({
    url: fixture.url,
    kind,
    name,
    ...(transport ? { transport } : {}),
    ...(from ? { from } : {}),
  });
  clients.push(made);
  return made;
}

/** Loses every third answer to a batch of commands, after the server has run them. */
function losing(): { readonly fetch: typeof fetch; readonly lost: () => number } {
  let posts = 0;
  let lost = 0;
  return {
    lost: () => lost,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (init?.method !== "POST" || posts++ % 3 !== 0) return response;
      lost += 1;
      throw new TypeError("the answer was lost");
    },
  };
}

const transports = [
  ["sse", sse],
  ["longpoll", longPoll],
  ["poll", poll],
] as const;

test.each(transports)(
  "TR1 TR2 TR3 over %s the log is the same as over a socket, own writes show once answered, lost answers run nothing twice",
  async (name, make) => {
    const session = fixture.name();
    const { fetch, lost } = losing();
    const [socket, http] = [client(session), client(session, make({ fetch }))];
    await Promise.all([socket.whenLive(), http.whenLive()]);
    expect(http.transport).toBe(name);
    for (let n = 0; n < 4; n++) {
      const [{ seq }] = await Promise.all([
        http.append("note.said", { by: "http", n }),
        socket.append("note.said", { by: "socket", n }),
      ]);
      expect(http.getSnapshot().lastSeq).toBeGreaterThanOrEqual(seq);
    }
    await fixture.restart(() => {
      for (let n = 4; n < 8; n++) void http.append("note.said", { by: "http", n });
    });
    await http.append("note.said", { by: "http", n: 8 });
    expect(lost()).toBeGreaterThan(1);
    await http.refresh();
    const log = await fixture.log(session);
    for (const { getSnapshot } of [socket, http]) {
      await until(() => getSnapshot().lastSeq === log.length);
      expect(getSnapshot().events).toEqual(log);
    }
    expect(http.getSnapshot().view).toEqual(socket.getSnapshot().view);
    const own = log.filter(({ payload }) => (payload as { by?: string } | null)?.by === "http");
    expect(own.map(({ payload }) => (payload as { n: number }).n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  },
);

test.each(transports)("AC3 TR1 over %s somebody begins a session, which is theirs", async (_name, make) => {
  const begun = (headers: Record<string, string>) =>
    client(fixture.name(), make({ headers }), undefined, "vaults");
  const hers = begun({ "x-test-user": "ada" });
  await hers.whenLive();
  expect(hers.getSnapshot().view?.access).toMatchObject({ ownerId: "ada" });
  await expect(begun({}).whenLive()).rejects.toMatchObject({ code: "not_found" });
});

test.each(transports)(
  "TR8 over %s a call that waits for its caller's next command holds up nothing, and is answered once it ends",
  async (_name, make) => {
    const session = fixture.name();
    const prefer: (string | null)[] = [];
    const watching: typeof fetch = (input, init) => {
      if (init?.method === "POST") prefer.push(new Headers(init.headers).get("prefer"));
      return fetch(input, init);
    };
    const http = client(session, make({ fetch: watching }));
    const gates = ["first", "second", "third"];
    const waiting = gates.map((gateId) => http.call.askAndWait(gateId));
    await http.append("note.said", { by: "http", n: 0 });
    for (const gateId of gates.toReversed()) await http.answerGate(gateId, "yes");
    const answers = await Promise.all(waiting);
    expect(answers).toEqual(gates.map(() => ({ answer: "yes" })));
    expect(prefer).toContain("respond-async, wait=25");
    const log = await fixture.log(session);
    expect(log.filter(({ type }) => type === "gate.opened")).toHaveLength(3);
    expect(http.getSnapshot().pending).toEqual([]);
  },
);

test.each(transports)(
  "ST31 over %s updates by a function lose nothing, and do not wait for the next poll",
  async (_name, make) => {
    const session = fixture.name();
    const options = { url: fixture.url, kind: "tiny", name: session };
    const { fetch } = losing();
    const writers = [
      connect<TinyContract>(options),
      connect<TinyContract>({ ...options, transport: make({ fetch, intervalMs: 600_000 }) }),
    ];
    clients.push(...(writers as never[]));
    await Promise.all(writers.map((writer) => writer.whenLive()));
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < 6; n++) {
      const round = writers.map((writer) => writer.setState(({ text }) => ({ text: `${text}x` })));
      answers.push(...round);
      await Promise.race(round);
    }
    await Promise.all(answers);
    expect((await fixture.get(`tiny/${session}`)).body.state.text).toHaveLength(12);
  },
);

test("TR8 a request that prefers so is told that a call runs, joins it by its id, and is told so again after its wait", async () => {
  const session = fixture.name();
  const call = { id: "j-1", op: "call", method: "askAndWait", args: ["g"] };
  const send = async (prefer: string, ...commands: readonly object[]) =>
    (await fixture.ask("POST", `notes/${session}/commands`, { body: { commands }, headers: { prefer } }))
      .body;
  const append = { id: "j-2", op: "append", type: "note.said" };
  const { items } = await send("respond-async", call, append);
  expect(items).toEqual([
    { id: "j-1", running: true },
    { id: "j-2", seq: expect.any(Number) },
  ]);
  expect(await send("respond-async, wait=1", call)).toEqual({ items: [{ id: "j-1", running: true }] });
  const joined = send("respond-async, wait=25", call);
  const patient = send("return=minimal", call);
  await send("", { id: "j-3", op: "answerGate", gateId: "g", answer: "no" });
  for (const { items } of [await joined, await patient])
    expect(items).toEqual([expect.objectContaining({ id: "j-1", result: { answer: "no" } })]);
  const refused = await send("respond-async, wait=soon", call);
  expect(refused).toMatchObject({ code: "bad_request", field: "Prefer: wait" });
});

test.each(transports)(
  "TR9 over %s a draft saved on another device shows, and goes when it is sent",
  async (_name, make) => {
    const session = fixture.name();
    const as = (user: string) => client(session, make({ headers: { "x-test-user": user } }));
    const [desk, phone, other] = [as("ada"), as("ada"), as("bob")];
    await Promise.all([desk.whenLive(), phone.whenLive(), other.whenLive()]);
    const shown = async (is: (text: unknown) => boolean) => {
      await until(async () => {
        await phone.refresh();
        return is((phone.getSnapshot().draft?.payload as { text?: string } | undefined)?.text);
      });
    };
    await desk.draft.save("note.said", { by: "desk", n: 1, text: "still thinking" } as never);
    expect(desk.getSnapshot().draft?.payload).toMatchObject({ text: "still thinking" });
    await shown((text) => text === "still thinking");
    await desk.draft.save("note.said", { by: "desk", n: 1, text: "thought" } as never);
    await shown((text) => text === "thought");
    await desk.draft.send();
    await shown((text) => text === undefined);
    await other.refresh();
    expect(other.getSnapshot().draft).toBeNull();
  },
);

test("TR4 an idle poll is a 304, and refresh() polls at once", async () => {
  const session = fixture.name();
  const statuses: number[] = [];
  const counting: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    statuses.push(response.status);
    return response;
  };
  const http = client(session, poll({ fetch: counting }));
  await http.whenLive();
  await http.refresh();
  statuses.length = 0;
  await http.refresh();
  expect(statuses[0]).toBe(304);
  await fixture.call(session, "add", "x");
  await http.refresh();
  expect(http.getSnapshot().events).toEqual(await fixture.log(session));
});

test("TR5 each command needs its own right, and a bad one fails alone", async () => {
  const session = fixture.name();
  const commands = [
    { id: "t-1", op: "append", type: "note.said" },
    { id: "t-2", op: "reset" },
    { id: "t-3", op: "nonsense" },
    { op: "append", type: "note.said" },
  ];
  const send = (user: string) =>
    fixture.ask("POST", `notes/${session}/commands`, {
      body: { commands },
      headers: { "x-test-user": user },
    });
  const codes = async (user: string) =>
    (await send(user)).body.items.map((ack: { error?: { code: string } }) => ack.error?.code ?? "done");
  expect(await codes("only-write")).toEqual(["done", "forbidden", "bad_request", "bad_request"]);
  expect(await codes("only-read")).toEqual(["forbidden", "forbidden", "bad_request", "bad_request"]);
  expect((await send("mallory")).status).toBe(403);
});

test("TR6 signals are refused by name, and a refusal ends the client as a close code does", async () => {
  const http = client(fixture.name(), sse());
  await http.whenLive();
  expect(() => http.signal("hello")).toThrow(expect.objectContaining({ code: "rejected" }));
  const refused = client(fixture.name(), poll({ headers: { "x-test-user": "mallory" } }));
  await expect(refused.whenLive()).rejects.toMatchObject({ code: "forbidden" });
});

test.each([
  ["websocket", undefined],
  ["poll", poll()],
] as const)("TR7 over %s a client that asks begins at the newest snapshot", async (_name, transport) => {
  const session = fixture.name();
  const write = (text: string) => fixture.ask("POST", `diary/${session}/call/write`, { body: [text] });
  await write("before");
  expect((await fixture.ask("POST", `diary/${session}/snapshots`)).status).toBe(201);
  const { toSeq } = (await fixture.get(`diary/${session}/snapshots`)).body.items[0];
  await write("after");
  const late = client(session, transport, "snapshot", "diary");
  await late.whenLive();
  const log = (await fixture.log(session, "diary")).filter(({ seq }) => seq > toSeq);
  expect(log.length).toBeGreaterThan(0);
  expect(late.getSnapshot().events.slice(0, log.length)).toEqual(log);
  expect(late.getSnapshot().view).toMatchObject({ state: { pages: 2 } });
});
