import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { type Mutant, readMutants } from "./mutant-patch.ts";
import type { simulate } from "./simulation.ts";

// `node mutant-main.ts [name…]`: runs the simulator on one broken session after the other, all of them without a name, and prints a
// verdict on each as a line of JSON.

export interface MutantVerdict {
  readonly name: string;
  /** The first seed that noticed, and what it found; null if none did. */
  readonly killedBy?: { readonly seed: number; readonly found: string } | null;
  /** Why it could not be run. */
  readonly error?: string;
}

/** Within so many seeds each must be noticed (SI5). */
const maxSeeds = 60;
const sourceFolder = new URL("../../", import.meta.url).href;
const stripped = new Map<string, string>();
let sources: ReadonlyMap<string, string> = new Map();

// Every mutant is a copy of the whole library: its modules carry its name in their addresses.
registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const mutant = context.parentURL && new URL(context.parentURL).searchParams.get("mutant");
    return mutant && resolved.url.startsWith(sourceFolder)
      ? { ...resolved, url: `${resolved.url}?mutant=${mutant}` }
      : resolved;
  },
  load: (url, context, next) => {
    if (!url.includes("?mutant=")) return next(url, context);
    const path = fileURLToPath(url);
    const changed = sources.get(path);
    return {
      format: "module",
      source: changed ? stripTypeScriptTypes(changed) : withoutTypes(path),
      shortCircuit: true,
    };
  },
});

const wanted = process.argv.slice(2);
for (const mutant of readMutants())
  if (wanted.length === 0 || wanted.includes(mutant.name))
    console.log(JSON.stringify(await verdictOn(mutant)));

async function verdictOn(mutant: Mutant): Promise<MutantVerdict> {
  const { name } = mutant;
  try {
    return { name, killedBy: await killerOf(mutant) };
  } catch (thrown) {
    return { name, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function killerOf(mutant: Mutant): Promise<{ seed: number; found: string } | null> {
  sources = mutant.sources();
  const { inLedgerMode, repertoire, firstSeed } = mutant;
  const simulation = (await import(`./simulation.ts?mutant=${mutant.name}`)) as { simulate: typeof simulate };
  const seeds = Array.from({ length: maxSeeds }, (_, index) => index + 1);
  for (const seed of firstSeed === null ? seeds : [firstSeed, ...seeds]) {
    const { failures } = await simulation.simulate(seed, { inLedgerMode, repertoire });
    if (failures[0] !== undefined) return { seed, found: failures[0] };
  }
  return null;
}

/** Most files are the same in every copy. */
function withoutTypes(path: string): string {
  let text = stripped.get(path);
  if (text === undefined) {
    text = stripTypeScriptTypes(readFileSync(path, "utf8"));
    stripped.set(path, text);
  }
  return text;
}
