import { expect, test } from "vitest";
import { everyTurn, type KillPlan, runRunCrash } from "./run-driver.ts";

/** Each place, and both gates; `npm run test:crash` kills every turn. */
const plan: KillPlan = Object.fromEntries(
  Object.entries(everyTurn).filter(([turn]) => ["3", "7", "10", "14", "16", "27"].includes(turn)),
);

test("RN4 RN5 RN2 RN19 RN25 a run of 30 steps, two gates and a sub-agent that is killed again and again ends as an undisturbed one, each effect once", async () => {
  const { kills, repeats, faults } = await runRunCrash(plan);
  expect(faults).toEqual([]);
  expect(new Set(Object.values(plan))).toEqual(new Set(["effect", "asked", "said", "child", "waiting"]));
  expect(kills).toBe(6);
  expect(repeats).toBeGreaterThan(0);
}, 60_000);
