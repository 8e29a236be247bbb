import { describe, expect, test } from "vitest";
import { expectSound } from "./expect-sound.ts";
import { simulate } from "./simulation.ts";
import type { Repertoire } from "./world.ts";

/** Long histories that run every time, beside very many short ones; `npm run sim` runs others. */
const seeds = 90;
const ledgerSeeds = 40;

/** The names tell what the seed once found, with the repertoire there was. */
const regressions: readonly (readonly [seed: number, found: string, repertoire: Repertoire])[] = [
  [213, "a timer moved while its handler failed rang at the retry, before it was due", "commands"],
  [225, "the same, by most of a minute", "commands"],
  [307, "the handler of a timer was called after its cancellation, behind a slow handler", "commands"],
  [715, "the same, of another timer", "commands"],
  [
    34,
    "an asynchronous call refused once for want of a disk was answered with that refusal for ever",
    "streams",
  ],
  [158, "the same, of a client's second life", "streams"],
  [3, "a run whose work met a disk that failed was left behind", "runs"],
  [1, "readers of a stream that one commit resumed and closed lost what it appended", "runs"],
];

/** Of ledger mode. */
const ledgerRegressions: readonly (readonly [seed: number, found: string, repertoire: Repertoire])[] = [
  [
    10,
    "a session that hibernated in an outage forgot whom it owed an answer, and their sockets stayed",
    "commands",
  ],
  [20, "the same, of a lone append", "commands"],
  [
    390251820,
    "a command that came on a connection ended in an outage was taken, before the one the outage had refused",
    "commands",
  ],
  [
    433195478,
    "an event without a payload, beside a stream's in one commit, lost the answers that waited for the record",
    "streams",
  ],
  [
    214,
    "a command that came on a connection ended in an outage was taken, before those the outage had refused",
    "streams",
  ],
  [4, "readers of a run kept what its model had said before it broke off", "runs"],
];

describe("seeded simulation of sessions, clients and all that can go wrong between them", () => {
  test(`SI1 SI2 SI7 SI8 SI9 SI10 SI11 SI12 SI13 SI14 ${seeds} seeds hold every promise`, {
    timeout: 120_000,
  }, async () => {
    for (let seed = 1; seed <= seeds; seed++) await expectSound(seed);
  });

  for (const [seed, found, repertoire] of regressions)
    test(`SI2 seed ${seed}: ${found}`, { timeout: 20_000 }, () => expectSound(seed, { repertoire }));

  test(`SI6 SI7 SI8 SI9 SI10 SI11 SI12 SI13 SI14 LM13 LM14 ${ledgerSeeds} seeds in ledger mode, on a record that fails`, {
    timeout: 120_000,
  }, async () => {
    for (let seed = 1; seed <= ledgerSeeds; seed++) await expectSound(seed, { inLedgerMode: true });
  });

  for (const [seed, found, repertoire] of ledgerRegressions)
    test(`SI6 seed ${seed}: ${found}`, { timeout: 20_000 }, () =>
      expectSound(seed, { inLedgerMode: true, repertoire }),
    );

  test("SI3 in ledger mode too a seed is one history", { timeout: 20_000 }, async () => {
    const [first, second] = [
      await simulate(4, { inLedgerMode: true }),
      await simulate(4, { inLedgerMode: true }),
    ];
    expect(second).toEqual(first);
  });

  test("SI3 a seed is one history, whatever the machine does meanwhile", { timeout: 20_000 }, async () => {
    const [first, second, other] = [await simulate(4), await simulate(4), await simulate(5)];
    expect(second).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
    expect(first.turns).toBeGreaterThan(100);
  });

  test("SI4 histories meet deaths, hibernations and refusals, and not only fair weather", {
    timeout: 60_000,
  }, async () => {
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
