import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Fixture } from "../workerd/start.ts";
import { type StockPackage, stockPackages, Watched } from "./stock-clients.ts";

const stock = stockPackages.at(-1) as StockPackage;
let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
const d1 = (state: "up" | "held") => fixture.ask("POST", `/test/d1/${state}`);
const open: Watched[] = [];
afterEach(async () => {
  for (const { client } of open.splice(0)) client.close();
  await d1("up");
});
afterAll(() => fixture.stop());

test("AG4 in ledger mode states and answers come once the record holds them", async () => {
  const name = fixture.name();
  const connect = async (): Promise<Watched> => {
    const watched = new Watched(stock, { host: new URL(fixture.url).host, agent: "books", name });
    open.push(watched);
    await watched.client.ready;
    await watched.showing({ count: 0 });
    return watched;
  };
  const [one, two] = [await connect(), await connect()];
  await d1("held");
  const called = one.client.call("add", ["a"]);
  // Frames of one socket keep their order: who is told of this knows that the call is staged.
  one.client.send("sent");
  await two.first("signal");
  const { staged, pending } = (await fixture.get(`books/${name}/sync`)).body;
  expect(staged + pending).toBeGreaterThan(0);
  expect([...one.all("state from server"), ...two.all("state from server")]).toEqual([
    { count: 0 },
    { count: 0 },
  ]);
  await d1("up");
  expect(await called).toBe(1);
  expect(one.client.state).toEqual({ count: 1 });
  await two.showing({ count: 1 });
});
