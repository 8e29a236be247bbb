import { describe, expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { simulate } from "./simulation.ts";

/** Seeds that run every time; `npm run sim` runs others. */
const seeds = 240;
const seedsPerMutant = 60;

/** The names tell what the seed once found. */
const regressions: readonly (readonly [seed: number, found: string])[] = [
  [213, "a timer moved while its handler failed rang at the retry, before it was due"],
  [225, "the same, by most of a minute"],
  [307, "the handler of a timer was called after its cancellation, behind a slow handler"],
  [715, "the same, of another timer"],
];

describe("seeded simulation of sessions, clients and all that can go wrong between them", () => {
  test(`SI1 SI2 ${seeds} seeds hold every promise`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= seeds; seed++) await expectSound(seed);
  });

  for (const [seed, found] of regressions)
    test(`SI2 seed ${seed}: ${found}`, { timeout: 20_000 }, () => expectSound(seed));

  test("SI3 a seed is one history, whatever the machine does meanwhile", async () => {
    const [first, second, other] = [await simulate(4), await simulate(4), await simulate(5)];
    expect(second).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
    expect(first.turns).toBeGreaterThan(100);
  });

  test("SI4 histories meet deaths, hibernations and refusals, and not only fair weather", async () => {
    let [deaths, hibernations, commands] = [0, 0, 0];
    for (let seed = 1; seed <= 20; seed++) {
      const report = await simulate(seed);
      deaths += report.deaths;
      hibernations += report.hibernations;
      commands += report.commands;
    }
    expect(deaths).toBeGreaterThan(20);
    expect(hibernations).toBeGreaterThan(20);
    expect(commands).toBeGreaterThan(500);
  });
});

describe("sessions broken on purpose are caught", () => {
  for (const mutant of mutants) {
    test(`SI5 ${mutant.name}`, { timeout: 60_000 }, async () => {
      for (let seed = 1; seed <= seedsPerMutant; seed++) {
        const { failures } = await simulate(seed, { mutant });
        if (failures.length > 0) return;
      }
      throw new Error(`No seed up to ${seedsPerMutant} notices that ${mutant.name}.`);
    });
  }
});

async function expectSound(seed: number): Promise<void> {
  const { failures } = await simulate(seed);
  const how = `npm run sim -- --seed ${seed} --trace shows how. Keep it: add [${seed}, "what it found"] to regressions.`;
  expect(failures, `seed ${seed}: ${failures[0] ?? ""}\n${how}`).toEqual([]);
}
