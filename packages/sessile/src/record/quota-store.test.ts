import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultyD1, withFaults } from "./faulty-d1.ts";
import { createD1QuotaStore, type D1Database, type QuotaCharge, type QuotaStore } from "./index.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { startWorkerdD1, type WorkerdD1 } from "./workerd-d1.ts";

const noon = Date.UTC(2030, 0, 10, 12);
const midnight = Date.UTC(2030, 0, 11);
const minuteMs = 60_000;
let subjects = 0;

function prompt(subject: string, key: string, changes: Partial<QuotaCharge> = {}): QuotaCharge {
  return {
    subject,
    key,
    action: key,
    units: 1,
    perDay: 10,
    perMinute: null,
    freeRetries: 3,
    ...changes,
  };
}

async function verdicts(store: QuotaStore, charges: readonly QuotaCharge[], now = noon): Promise<string[]> {
  return (await store.charge(charges, now)).map(({ is, used }) => `${is} ${used}`);
}

function keys(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `k${from + index}`);
}

let workerd: WorkerdD1;
beforeAll(async () => {
  workerd = await startWorkerdD1(["DB"]);
});
afterAll(() => workerd?.dispose());

const databases: Record<string, () => Promise<D1Database>> = {
  "D1 in workerd": () => workerd.database("DB"),
  "node:sqlite": async () => openSqliteD1(),
};

for (const [name, open] of Object.entries(databases)) {
  describe(name, () => {
    let database: FaultyD1;
    let store: QuotaStore;
    beforeAll(async () => {
      database = withFaults(await open());
      store = createD1QuotaStore(database);
    });
    const subject = () => `user:${++subjects}`;

    test("QU2 the last unit of a day is taken and the next one refused, which leaves no trace", async () => {
      const who = subject();
      const nine = keys(9).map((key) => prompt(who, key));
      expect((await verdicts(store, nine)).at(-1)).toBe("charged 9");
      expect(await verdicts(store, [prompt(who, "two", { units: 2 })])).toEqual(["day 9"]);
      expect(await verdicts(store, [prompt(who, "a"), prompt(who, "b")])).toEqual(["charged 10", "day 10"]);
      expect(await store.used(who, noon)).toBe(10);
      // Refused, so not known: with a wider bound it is charged, not taken for a repeat.
      expect(await verdicts(store, [prompt(who, "b", { perDay: 11 })])).toEqual(["charged 11"]);
      expect(await store.used(subject(), noon)).toBe(0);
    });

    test("QU2 charges at the same time never go past the bound", async () => {
      const who = subject();
      const answers = await Promise.all(keys(25).map((key) => store.charge([prompt(who, key)], noon)));
      expect(answers.flat().filter(({ is }) => is === "charged")).toHaveLength(10);
      expect(await store.used(who, noon)).toBe(10);
    });

    test("QU3 the same key is charged once, also when its first answer was lost", async () => {
      const who = subject();
      await store.used(who, noon);
      database.fail("after");
      await expect(store.charge([prompt(who, "a")], noon)).rejects.toMatchObject({ code: "unavailable" });
      database.heal();
      expect(await verdicts(store, [prompt(who, "a"), prompt(who, "a")])).toEqual([
        "repeated 1",
        "repeated 1",
      ]);
      database.fail("before");
      await expect(store.charge([prompt(who, "b")], noon)).rejects.toMatchObject({ code: "unavailable" });
      database.heal();
      expect(await verdicts(store, [prompt(who, "b")])).toEqual(["charged 2"]);
    });

    test("QU4 three retries of an action are free, the fourth is charged, and so on", async () => {
      const who = subject();
      const tries = keys(6).map((key) => prompt(who, key, { action: "draw" }));
      expect(await verdicts(store, tries)).toEqual([
        "charged 1",
        "charged 1",
        "charged 1",
        "charged 1",
        "charged 2",
        "charged 2",
      ]);
      const full = { perDay: 2, action: "draw" };
      expect(
        await verdicts(
          store,
          keys(3, 6).map((key) => prompt(who, key, full)),
        ),
      ).toEqual(["charged 2", "charged 2", "day 2"]);
    });

    test("QU5 at 00:00 UTC the day begins anew; what was charged before is not charged again after", async () => {
      const who = subject();
      const full = { perDay: 1 };
      expect(await verdicts(store, [prompt(who, "a", full)], midnight - 1)).toEqual(["charged 1"]);
      expect(await verdicts(store, [prompt(who, "b", full)], midnight - 1)).toEqual(["day 1"]);
      expect(await verdicts(store, [prompt(who, "a", full)], midnight)).toEqual(["repeated 0"]);
      expect(await verdicts(store, [prompt(who, "b", full)], midnight)).toEqual(["charged 1"]);
      expect([await store.used(who, midnight - 1), await store.used(who, midnight)]).toEqual([1, 1]);
    });

    test("QU3 a key is charged once, also by a clock that was set back over midnight", async () => {
      const who = subject();
      expect(await verdicts(store, [prompt(who, "a")], midnight)).toEqual(["charged 1"]);
      expect(await verdicts(store, [prompt(who, "a")], midnight - 1)).toEqual(["repeated 0"]);
      expect(await verdicts(store, [prompt(who, "a")], midnight + 1)).toEqual(["repeated 1"]);
    });

    test("QU6 a minute of the clock takes so many and no more, and then the next does", async () => {
      const who = subject();
      const two = { perMinute: 2 };
      const charges = (from: number) => keys(3, from).map((key) => prompt(who, key, two));
      expect(await verdicts(store, charges(0))).toEqual(["charged 1", "charged 2", "minute 2"]);
      expect(await verdicts(store, charges(10), noon + minuteMs - 1)).toEqual([
        "minute 2",
        "minute 2",
        "minute 2",
      ]);
      expect(await verdicts(store, charges(20), noon + minuteMs)).toEqual([
        "charged 3",
        "charged 4",
        "minute 4",
      ]);
      // A clock that is behind does not open a minute that is used up.
      expect(await verdicts(store, charges(30), noon)).toEqual(["minute 4", "minute 4", "minute 4"]);
      expect(await verdicts(store, [prompt(who, "x", { ...two, perDay: 4 })], noon)).toEqual(["day 4"]);
    });

    test("QU7 no bound is no bound, and a batch may be long", async () => {
      const who = subject();
      const charges = keys(95).map((key) => prompt(who, key, { perDay: null }));
      expect((await verdicts(store, charges)).at(-1)).toBe("charged 95");
    });

    test("QU3 keys are kept over the next day and pruned after it, sums for a month", async () => {
      const who = subject();
      await store.charge([prompt(who, "old")], noon);
      const count = async (table: string): Promise<unknown> =>
        (await database.prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE subject = ?1`).bind(who).all())
          .results;
      const days = (n: number) => noon + n * 86_400_000;
      await store.charge([prompt(subject(), "x")], days(1));
      expect(await count("sessile_quota_charges")).toEqual([{ n: 1 }]);
      await expect
        .poll(async () => {
          await store.charge([prompt(subject(), "x")], days(2));
          return count("sessile_quota_charges");
        })
        .toEqual([{ n: 0 }]);
      expect(await store.used(who, noon)).toBe(1);
      await store.charge([prompt(subject(), "x")], days(40));
      expect(await count("sessile_quota_days")).toEqual([{ n: 0 }]);
    });
  });
}
