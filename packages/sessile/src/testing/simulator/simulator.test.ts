import { describe, expect, test } from "vitest";
import { ledgerMutants, type Mutant, mutants } from "./mutants.ts";
import { type SimulationOptions, simulate } from "./simulation.ts";

/** Seeds that run every time; `npm run sim` runs others. */
const seeds = 240;
const ledgerSeeds = 120;
const seedsPerMutant = 60;

/** The names tell what the seed once found. These did before there were streams and long states. */
const plainRegressions: readonly (readonly [seed: number, found: string])[] = [
  [213, "a timer moved while its handler failed rang at the retry, before it was due"],
  [225, "the same, by most of a minute"],
  [307, "the handler of a timer was called after its cancellation, behind a slow handler"],
  [715, "the same, of another timer"],
];

/** With them. */
const regressions: readonly (readonly [seed: number, found: string])[] = [
  [34, "an asynchronous call refused once for want of a disk was answered with that refusal for ever"],
  [158, "the same, of a client's second life"],
];

/** Of ledger mode, without and with them. */
const plainLedgerRegressions: readonly (readonly [seed: number, found: string])[] = [
  [10, "a session that hibernated in an outage forgot whom it owed an answer, and their sockets stayed"],
  [20, "the same, of a lone append"],
  [
    390251820,
    "a command that came on a connection ended in an outage was taken, before the one the outage had refused",
  ],
];
const ledgerRegressions: readonly (readonly [seed: number, found: string])[] = [
  [
    433195478,
    "an event without a payload, beside a stream's in one commit, lost the answers that waited for the record",
  ],
  [
    214,
    "a command that came on a connection ended in an outage was taken, before those the outage had refused",
  ],
];

describe("seeded simulation of sessions, clients and all that can go wrong between them", () => {
  test(`SI1 SI2 SI7 ${seeds} seeds hold every promise`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= seeds; seed++) await expectSound(seed);
  });

  for (const [isPlain, list] of [
    [true, plainRegressions],
    [false, regressions],
  ] as const)
    for (const [seed, found] of list)
      test(`SI2 seed ${seed}: ${found}`, { timeout: 20_000 }, () => expectSound(seed, { isPlain }));

  test(`SI6 SI7 LM13 LM14 ${ledgerSeeds} seeds in ledger mode, on a record that fails`, {
    timeout: 120_000,
  }, async () => {
    for (let seed = 1; seed <= ledgerSeeds; seed++) await expectSound(seed, { inLedgerMode: true });
  });

  for (const [isPlain, list] of [
    [true, plainLedgerRegressions],
    [false, ledgerRegressions],
  ] as const)
    for (const [seed, found] of list)
      test(`SI6 seed ${seed}: ${found}`, { timeout: 20_000 }, () =>
        expectSound(seed, { inLedgerMode: true, isPlain }),
      );

  test("SI3 in ledger mode too a seed is one history", async () => {
    const [first, second] = [
      await simulate(4, { inLedgerMode: true }),
      await simulate(4, { inLedgerMode: true }),
    ];
    expect(second).toEqual(first);
  });

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
  for (const [inLedgerMode, all] of [
    [false, mutants],
    [true, ledgerMutants],
  ] as const)
    for (const mutant of all) testCaught(mutant, inLedgerMode);
});

function testCaught(mutant: Mutant, inLedgerMode: boolean): void {
  test(`SI5 ${mutant.name}`, { timeout: 60_000 }, async () => {
    for (let seed = 1; seed <= seedsPerMutant; seed++) {
      for (const isPlain of [false, true]) {
        const { failures } = await simulate(seed, { mutant, inLedgerMode, isPlain });
        if (failures.length > 0) return;
      }
    }
    throw new Error(`No seed up to ${seedsPerMutant} notices that ${mutant.name}.`);
  });
}

async function expectSound(seed: number, options: SimulationOptions = {}): Promise<void> {
  const { failures } = await simulate(seed, options);
  const flags = `${options.inLedgerMode ? " --ledger" : ""}${options.isPlain ? " --plain" : ""}`;
  const how = `npm run sim -- --seed ${seed}${flags} --trace shows how. Keep it: add [${seed}, "what it found"] to regressions.`;
  expect(failures, `seed ${seed}: ${failures[0] ?? ""}\n${how}`).toEqual([]);
}
