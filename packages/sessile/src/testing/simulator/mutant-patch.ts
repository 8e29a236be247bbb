import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPatch, parsePatch } from "diff";
import type { Repertoire } from "./world.ts";

/** A session that is broken on purpose. A simulator that does not notice one would not notice the real thing. */
export interface Mutant {
  /** The file it lies in, without `.patch`. */
  readonly name: string;
  /** The patch's first line. */
  readonly title: string;
  readonly inLedgerMode: boolean;
  readonly repertoire: Repertoire;
  /** A seed that once noticed it, which is tried first; null: none is known. */
  readonly firstSeed: number | null;
  /** What its sources are, by path. @throws Error if the patch no longer applies */
  sources(): ReadonlyMap<string, string>;
}

const folder = join(import.meta.dirname, "mutants");
const root = join(import.meta.dirname, "../../../../..");

/**
 * Unified diffs, as `git diff` makes them and `git apply` takes them, each below a line that says what it breaks. Further lines may
 * be `In ledger mode.`, `With runs.` of agents in each history and, so that it takes no long search, `Seed 7.`
 */
export function readMutants(): Mutant[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".patch"))
    .map((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const preamble = text.slice(0, text.indexOf("\n---"));
      return {
        name: file.slice(0, -".patch".length),
        title: preamble.split("\n", 1)[0]?.replace(/\.$/, "") ?? "",
        inLedgerMode: preamble.includes("\nIn ledger mode."),
        repertoire: preamble.includes("\nWith runs.") ? "runs" : "everything",
        firstSeed: Number(/^Seed (\d+)\.$/m.exec(preamble)?.[1]) || null,
        sources: () => patched(file, text),
      };
    });
}

function patched(file: string, text: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const patch of parsePatch(text)) {
    const name = patch.newFileName?.replace(/^b\//, "");
    if (!name) throw new Error(`${file} names no file.`);
    const path = join(root, name);
    const source = readFileSync(path, "utf8");
    const result = applyPatch(source, patch);
    if (result === false || result === source)
      throw new Error(
        `${file} no longer applies to ${name}: break the code as it is now in the same way, and keep that diff.`,
      );
    sources.set(path, result);
  }
  return sources;
}
