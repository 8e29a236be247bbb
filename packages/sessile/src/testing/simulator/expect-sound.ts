import { expect } from "vitest";
import { type SimulationOptions, simulate } from "./simulation.ts";

/** Runs one seed, and fails with what it found and how to look at it. */
export async function expectSound(seed: number, options: SimulationOptions = {}): Promise<void> {
  const { failures } = await simulate(seed, options);
  if (failures.length === 0) return;
  const { inLedgerMode, isShort, repertoire } = options;
  const flags = [inLedgerMode && "--ledger", isShort && "--short", repertoire && `--only ${repertoire}`];
  const command = ["npm run sim -- --seed", seed, ...flags.filter(Boolean), "--trace"].join(" ");
  expect.fail(
    `seed ${seed}: ${failures[0]}\n${command} shows how. Keep it: add the seed and what it found to the regressions.`,
  );
}
