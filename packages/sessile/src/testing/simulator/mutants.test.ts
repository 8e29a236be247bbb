import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, test } from "vitest";
import type { MutantVerdict } from "./mutant-main.ts";
import { readMutants } from "./mutant-patch.ts";

const mutants = readMutants();
const verdicts = new Map<string, MutantVerdict>();

describe("sessions broken on purpose are caught", () => {
  beforeAll(async () => {
    // A program of its own: it gives each of them a copy of the library, which takes Node's own loader.
    const main = join(import.meta.dirname, "mutant-main.ts");
    const flags = ["--conditions=sessile-source", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...flags, main], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "close");
    for await (const line of createInterface(child.stdout)) {
      const verdict = JSON.parse(line) as MutantVerdict;
      verdicts.set(verdict.name, verdict);
    }
    expect(await ended).toEqual([0, null]);
  }, 900_000);

  test("SI5 there are a good many of them", () => expect(mutants.length).toBeGreaterThanOrEqual(10));

  for (const { name, title } of mutants)
    test(`SI5 ${title}`, () => {
      const verdict = verdicts.get(name);
      expect(verdict?.error, `mutants/${name}.patch`).toBeUndefined();
      expect(verdict?.killedBy, `No seed notices mutants/${name}.patch.`).toBeTruthy();
    });
});
