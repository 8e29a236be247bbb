import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture?.stop());

/** Calls a method over HTTP; `to` is `{kind}/{name}`. */
async function call(to: string, method: string, ...args: readonly unknown[]) {
  const { status, body } = await fixture.ask("POST", `${to}/call/${method}`, { body: args });
  if (status !== 200) throw new Error(`${method} answered ${JSON.stringify(body)}`);
  return body.result;
}

const typesIn = async (kind: string, name: string) => (await fixture.log(name, kind)).map(({ type }) => type);
const heardBy = async (order: string) => (await fixture.get(`orders/${order}/state`)).body.heard;
const heard = (order: string, expected: readonly string[]) =>
  expect.poll(() => heardBy(order)).toEqual(expected);

describe("a session calls another", () => {
  test("SS1 SS2 by its methods, as the session it is", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    expect(await call(`orders/${order}`, "take", shelf, [2])).toEqual([{ value: 3 }]);
    expect(await call(`orders/${order}`, "look", shelf)).toEqual({ left: 3 });
    const { actor } = (await fixture.log(shelf, "shelves")).at(-1) ?? {};
    expect(actor).toEqual({ id: `session:orders/${order}`, name: `orders/${order}` });
  });

  test("SS2 with the rights that its actor has, which nobody else can be", async () => {
    const shelf = fixture.name();
    const forbidden = [{ code: "forbidden", details: {} }];
    expect(await call("orders/banned", "take", shelf, [1])).toEqual(forbidden);
    const posing = { "x-test-user": "session:orders/o" };
    for (const path of [`shelves/${shelf}`, "/v1/sessions", "/v1/gates", "/_sessile/catalog"])
      expect([path, (await fixture.get(path, posing)).status]).toEqual([path, 403]);
  });

  test("SS3 a refusal keeps code, field and details over the hop", async () => {
    expect(await call(`orders/${fixture.name()}`, "take", fixture.name(), [6])).toEqual([
      { code: "conflict", details: { field: "amount", current: "5" } },
    ]);
  });

  test("SS3 that nobody catches is its HTTP status, after a reset by deletion as before", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    for (const _run of [1, 2]) {
      const buy = (amount: number) =>
        fixture.ask("POST", `orders/${order}/call/buy`, { body: [shelf, amount] });
      expect((await buy(4)).body.result).toBe(1);
      const conflict = { status: 409, body: { code: "conflict", field: "amount", current: "1" } };
      expect(await buy(2)).toMatchObject(conflict);
      expect(await fixture.get(`/agents/orders/${order}/${shelf}/2`)).toMatchObject(conflict);
      expect((await fixture.ask("DELETE", `shelves/${shelf}?free=1`)).status).toBe(200);
    }
  });

  test("SS4 what is called in one tick travels in one hop, is one commit, and is answered one by one", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    await call(`orders/${order}`, "look", shelf);
    const before = await call(`shelves/${shelf}`, "commits");
    const conflict = { code: "conflict", details: { field: "amount", current: "2" } };
    expect(await call(`orders/${order}`, "take", shelf, [1, 2, 9, 2])).toEqual([
      { value: 4 },
      { value: 2 },
      conflict,
      { value: 0 },
    ]);
    expect(await call(`shelves/${shelf}`, "commits")).toBe(before + 1);
  });

  test("SS5 under the same key it answers what it did, and runs nothing", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    const once = await call(`orders/${order}`, "take", shelf, [1, 2], "work-1");
    expect(await call(`orders/${order}`, "take", shelf, [1, 2], "work-1")).toEqual(once);
    expect(await call(`orders/${order}`, "look", shelf)).toEqual({ left: 2 });
  });

  test("SS6 not inside a commit, with JSON only, and with what clients may do", async () => {
    expect(await call(`orders/${fixture.name()}`, "misuse", fixture.name())).toMatchObject([
      { code: "rejected" },
      { code: "rejected" },
      { code: "bad_request", details: { field: "args[0]" } },
      { code: "forbidden" },
      { value: expect.any(Number) },
      { code: "not_found", details: { field: "method" } },
      { value: expect.any(Number) },
      { code: "forbidden" },
    ]);
  });
});

describe("children", () => {
  test("SS8 know their parent, are listed by it, have no other, and are deleted by it", async () => {
    const [order, other, shelf] = [fixture.name(), fixture.name(), fixture.name()];
    expect(await call(`orders/${order}`, "hire", shelf)).toEqual([{ value: 5 }]);
    expect((await fixture.get(`shelves/${shelf}`)).body.parent).toMatchObject({
      kind: "orders",
      name: order,
    });
    expect(await typesIn("shelves", shelf)).toContain("session.adopted");
    expect(await call(`orders/${order}`, "listed")).toEqual([`shelves/${shelf}`]);
    expect(await call(`orders/${other}`, "hire", shelf)).toEqual([
      { code: "conflict", details: { current: `orders/${order}` } },
    ]);
    expect(await call(`orders/${other}`, "listed")).toEqual([]);
    await call(`orders/${order}`, "fire", shelf);
    expect((await fixture.get(`shelves/${shelf}`)).status).toBe(404);
    expect(await call(`orders/${order}`, "listed")).toEqual([]);
    expect(await typesIn("orders", order)).toContain("session.child_removed");
  });

  test("SS9 belong to their parent where sessions have owners", async () => {
    const [order, vault] = [fixture.name(), fixture.name()];
    expect(await call(`orders/${order}`, "store", vault, "mine")).toMatchObject([
      { value: expect.any(Number) },
    ]);
    expect(await call(`orders/${order}`, "peek", vault)).toEqual([{ value: { kept: 0 } }]);
    expect(await call(`orders/${fixture.name()}`, "peek", vault)).toMatchObject([{ code: "not_found" }]);
    expect((await fixture.get(`vaults/${vault}`, { "x-test-user": "ada" })).status).toBe(404);
    await heard(order, [`vaults/${vault} shelf.low mine`]);
  });

  test("SS9 and what somebody else has made, and let the parent into, stays theirs", async () => {
    const [order, vault] = [fixture.name(), fixture.name()];
    const headers = { "x-test-user": "eve" };
    const members = { [`session:orders/${order}`]: ["read", "write", "admin"] };
    const shared = await fixture.ask("POST", `vaults/${vault}/access`, { body: { members }, headers });
    expect(shared.status).toBe(200);
    expect(await call(`orders/${order}`, "store", vault, "for nobody's eyes")).toMatchObject([
      { code: "forbidden" },
    ]);
    const { body } = await fixture.get(`vaults/${vault}`, headers);
    expect(body).not.toHaveProperty("parent");
    expect(await call(`orders/${order}`, "listed")).toEqual([]);
  });

  test("SS10 SS11 report in order and once, through pauses and restarts, and to the end of their lives", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    await call(`orders/${order}`, "hire", shelf);
    const line = (note: string) => `shelves/${shelf} shelf.low ${note}`;
    await heard(order, [line("new")]);
    await fixture.ask("POST", `orders/${order}/lifecycle`, { body: { to: "paused" } });
    await call(`shelves/${shelf}`, "tell", ["one", "nonsense", "two"], false);
    await fixture.restart();
    expect(await heardBy(order)).toEqual([line("new")]);
    await fixture.ask("POST", `orders/${order}/lifecycle`, { body: { to: "active" } });
    await heard(order, ["new", "one", "two"].map(line));
    const failed = (await fixture.log(shelf, "shelves")).filter(({ type }) => type === "work.failed");
    expect(failed).toMatchObject([{ payload: { message: "This makes no sense." } }]);
    await call(`shelves/${shelf}`, "tell", ["three"], true);
    await heard(order, [...["new", "one", "two", "three"].map(line), `shelves/${shelf} shelf.closed -`]);
    await expect.poll(async () => (await fixture.get(`shelves/${shelf}`)).body.work).toEqual({});
  });

  test("SS10 DE2 a parent that a report has woken can be deleted, though nothing told its object the name", async () => {
    const [order, shelf] = [fixture.name(), fixture.name()];
    const told = () => expect.poll(async () => (await fixture.get(`shelves/${shelf}`)).body.work).toEqual({});
    const listed = async () => (await fixture.get(`/v1/sessions?kind=orders&q=${order}`)).body.items.length;
    await call(`orders/${order}`, "hire", shelf);
    await told();
    await expect.poll(listed).toBe(1);
    await fixture.restart();
    await call(`shelves/${shelf}`, "tell", ["one"], false);
    await told();
    const { status, body } = await fixture.ask("DELETE", `orders/${order}?free=1`);
    expect([status, body]).toEqual([200, expect.objectContaining({ kind: "orders", name: order })]);
    expect(await listed()).toBe(0);
    // The same instance, of another session.
    expect(await call(`orders/${order}`, "listed")).toEqual([]);
  });

  test("SS7 in ledger mode report what is recorded, and not before", async () => {
    const [order, vault] = [fixture.name(), fixture.name()];
    await call(`orders/${order}`, "store", vault, "first");
    await heard(order, [`vaults/${vault} shelf.low first`]);
    await fixture.ask("POST", "/test/d1/held");
    const second = call(`orders/${order}`, "store", vault, "second");
    // A call that is answered after the one before was taken, by a kind that no record holds up.
    await call(`orders/${order}`, "take", fixture.name(), [1]);
    const healedAt = Date.now();
    await fixture.ask("POST", "/test/d1/up");
    await second;
    await heard(order, [`vaults/${vault} shelf.low first`, `vaults/${vault} shelf.low second`]);
    const reports = (await fixture.log(order, "orders")).filter(
      ({ type }) => type === "session.child_reported",
    );
    expect(Date.parse(reports.at(-1)?.createdAt ?? "")).toBeGreaterThanOrEqual(healedAt);
  });
});
