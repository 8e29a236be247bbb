import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { AgentsServer } from "./agents-server.ts";
import { type StockPackage, stockPackages, Watched } from "./stock-clients.ts";

const stock = stockPackages.at(-1) as StockPackage;
let server: AgentsServer;
beforeAll(async () => {
  server = await AgentsServer.start();
});
afterAll(() => server?.stop());

const open: Watched[] = [];
afterEach(() => {
  for (const { client } of open.splice(0)) client.close();
});

const connect = async (name = server.name()): Promise<Watched> => {
  const watched = new Watched(stock, { host: server.host, agent: "TestScheduleAgent", name });
  open.push(watched);
  await watched.client.ready;
  return watched;
};

test("AG17 a method is called once, after a delay or at a date", async () => {
  const watched = await connect();
  const { client } = watched;
  const delayed = await client.call("after", [0.05, "tea"]);
  expect(delayed).toMatchObject({ type: "delayed", delayInSeconds: 0.05, callback: "note", payload: "tea" });
  await watched.showing({ called: ["tea"] });
  expect(await client.call("at", [Date.now() + 50, "cake"])).toMatchObject({ type: "scheduled" });
  await watched.showing({ called: ["tea", "cake"] });
  await expect.poll(() => client.call("list")).toEqual([]);
});

test("AG17 what is due while the server is down is called after it", async () => {
  const watched = await connect();
  await watched.client.call("after", [0.2, "later"]);
  await server.restart(() => watched.first("close").then(() => {}));
  await watched.showing({ called: ["later"] });
});

test.each([
  ["cron", "* * * * * *", "cron"],
  ["every", 1, "interval"],
])("AG17 %s calls again and again, until it is cancelled", async (method, when, type) => {
  const watched = await connect();
  const { client } = watched;
  const { id } = await client.call(method, [when, "tick"]);
  await watched.until(() => client.state?.called.length >= 2);
  expect(await client.call("list", [null, type])).toMatchObject([{ id, callback: "note", payload: "tick" }]);
  expect([await client.call("cancel", [id]), await client.call("cancel", [id])]).toEqual([true, false]);
  expect(await client.call("list")).toEqual([]);
});

test("AG18 the same recurring call is one schedule, and lists tell them apart", async () => {
  const { client } = await connect();
  const first = await client.call("cron", ["0 4 * * *", "nightly"]);
  expect(await client.call("cron", ["0 4 * * *", "nightly"])).toEqual(first);
  expect(new Date(first.time * 1000).toISOString()).toMatch(/T04:00:00.000Z$/);
  const other = await client.call("cron", ["0 4 * * *", "other"]);
  const delayed = [await client.call("after", [1000, "x"]), await client.call("after", [1000, "x"])];
  expect(new Set([first.id, other.id, delayed[0].id, delayed[1].id]).size).toBe(4);
  expect((await client.call("list", [null, "cron"])).map(({ id }: { id: string }) => id).sort()).toEqual(
    [first.id, other.id].sort(),
  );
  expect(await client.call("list", [delayed[0].id])).toEqual([delayed[0]]);
  expect(await client.call("range", [0, Date.now()])).toEqual([]);
  expect((await client.call("range", [Date.now(), Date.now() + 2 * 86_400_000])).length).toBe(4);
});

test("AG18 a method may cancel the schedule that called it", async () => {
  const watched = await connect();
  await watched.client.call("once");
  await watched.showing({ called: ["once"] });
  await expect.poll(() => watched.client.call("list")).toEqual([]);
});

test.each([
  ["wrong", ["nothing"], "There is no method nothing"],
  ["after", [-1, "x"], "A number of seconds"],
  ["every", [0, "x"], "A number of seconds"],
  ["at", ["never", "x"], "when is an invalid date"],
  ["cron", ["not a cron", "x"], "no cron expression"],
  ["cron", ["0 0 31 2 *", "x"], "no cron expression"],
])("AG19 %s(%j) is refused", async (method, args, message) => {
  const { client } = await connect();
  await expect(client.call(method, args)).rejects.toThrow(message);
  expect(await client.call("list")).toEqual([]);
});
