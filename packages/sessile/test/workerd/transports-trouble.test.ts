import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect, longPoll, poll, type SessionClient, sse, type Transport } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import type { Callable } from "../../src/protocol/index.ts";
import { Fixture } from "./start.ts";

interface Contract {
  readonly initialState: { readonly count: number };
  readonly eventTypes?: { readonly "note.said": { readonly n: number }; readonly "line.added": string };
  readonly add: Callable<[string], number>;
}

let fixture: Fixture;
let clients: SessionClient<Contract>[] = [];
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await fixture.ask("POST", "/test/d1/up");
});
afterAll(() => fixture.stop());

function client(name: string, transport: Transport, kind = "notes", history = 200): SessionClient<Contract> {
  const made = connect<Contract>({ url: fixture.url, kind, name, transport, history });
  clients.push(made);
  return made;
}

/** Holds what the log holds, in the end. */
async function expectWhole(client: SessionClient<Contract>, kind = "notes"): Promise<void> {
  const log = await fixture.log(client.name, kind);
  await until(async () => {
    await client.refresh();
    return client.getSnapshot().lastSeq >= log.length;
  });
  expect(client.getSnapshot().events).toEqual(log);
}

describe.each([
  ["sse", sse],
  ["longpoll", longPoll],
  ["poll", poll],
] as const)("%s", (_name, make) => {
  test("TR1 an eviction is not noticed", async () => {
    const http = client(fixture.name(), make());
    await http.append("note.said", { n: 1 });
    const before = await fixture.call(http.name, "instance");
    await fixture.evict(http.name);
    expect(await fixture.call(http.name, "instance")).not.toBe(before);
    await fixture.call(http.name, "add", "after the eviction");
    await expectWhole(http);
    await http.append("note.said", { n: 2 });
    await expectWhole(http);
  });

  test("TR1 TR3 a runtime killed in the middle of commands costs none and repeats none", async () => {
    const http = client(fixture.name(), make());
    await http.append("note.said", { n: 0 });
    const answers = [1, 2, 3, 4].map((n) => http.append("note.said", { n }));
    await Promise.all([
      fixture.crash(),
      ...answers,
      ...[5, 6, 7].map((n) => http.append("note.said", { n })),
    ]);
    await expectWhole(http);
    const said = http.getSnapshot().events.filter(({ type }) => type === "note.said");
    expect(said.map(({ payload }) => (payload as { n: number }).n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("TR1 TR2 in ledger mode nothing is shown or answered that the record does not hold", async () => {
    const http = client(fixture.name(), make(), "books");
    await http.call.add("recorded");
    const { lastSeq } = http.getSnapshot();
    await fixture.ask("POST", "/test/d1/held");
    let isAnswered = false;
    const answer = http.call.add("held back").then((count) => {
      isAnswered = true;
      return count;
    });
    await http.refresh();
    expect((await fixture.get(`books/${http.name}/events`)).body.lastSeq).toBe(lastSeq);
    expect([isAnswered, http.getSnapshot().lastSeq]).toEqual([false, lastSeq]);
    await fixture.ask("POST", "/test/d1/up");
    expect(await answer).toBe(2);
    await expectWhole(http, "books");
  });

  test("TR1 a history that begins in the archive is whole", async () => {
    const session = fixture.name("c");
    for (let n = 0; n < 15; n++) {
      const body = Array.from({ length: 10 }, (_, index) => ({
        clientEventId: `p.1.${n * 10 + index}`,
        type: "line.added",
        payload: `line ${n * 10 + index}`,
      }));
      await fixture.ask("POST", `chronicle/${session}/events`, { body });
    }
    await until(async () => {
      const { body } = await fixture.ask("POST", `chronicle/${session}/call/archived`, { body: [] });
      return body.result > 0;
    });
    const http = client(session, make(), "chronicle", 1_000_000);
    await http.whenLive();
    await http.append("line.added", "the last");
    await expectWhole(http, "chronicle");
  });
});
