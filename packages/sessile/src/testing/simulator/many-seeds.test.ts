import { describe, test } from "vitest";
import { expectSound } from "./expect-sound.ts";

/** With the long ones of `simulator.test.ts` ten thousand. */
const seeds = 8_870;
const ledgerSeeds = 1_000;

describe("short histories, of which many can be had", () => {
  test(`SI1 SI2 SI7 SI8 SI9 SI10 SI11 SI12 SI13 SI14 ${seeds} seeds hold every promise`, {
    timeout: 900_000,
  }, async () => {
    for (let seed = 1; seed <= seeds; seed++) await expectSound(seed, { isShort: true });
  });

  test(`SI6 SI7 SI8 SI9 SI10 SI11 SI12 SI13 SI14 ${ledgerSeeds} seeds in ledger mode`, {
    timeout: 900_000,
  }, async () => {
    for (let seed = 1; seed <= ledgerSeeds; seed++)
      await expectSound(seed, { isShort: true, inLedgerMode: true });
  });
});
