import { resolve } from "node:path";
import { type Generated, generate, preflight } from "sessile/routes";
import { bundlePages } from "./bundle-pages.ts";
import type { GenerateFlags } from "./generate-flags.ts";
import { CommandFailure } from "./remote.ts";

/** Generates, and says what came of it. @throws CommandFailure with `--check`, if something is out of date */
export async function runGenerate({ root: folder, allowDelete, check }: GenerateFlags): Promise<void> {
  const root = resolve(folder);
  const generated = generate({ root, allowDelete, check });
  if (check) return assertCurrent(root, generated);
  await bundlePages(root, generated.manifest);
  for (const path of generated.changed) process.stdout.write(`${path}\n`);
  process.stdout.write(`${describe(generated)}\n`);
}

function assertCurrent(root: string, { changed }: Generated): void {
  if (changed.length > 0)
    throw new CommandFailure(`Out of date: ${changed.join(", ")}. Run: sessile generate`);
  const problems = preflight(root);
  if (problems.length > 0) throw new CommandFailure(problems.join("\n"));
  process.stdout.write("Up to date.\n");
}

function describe({ manifest: { kinds }, changed }: Generated): string {
  const addresses = kinds.map(({ kind, route }) => `${kind} at /${route}`).join(", ");
  const found = kinds.length === 0 ? "No kinds in sessions/" : `Kinds: ${addresses}`;
  return `${found}. ${changed.length === 0 ? "Nothing changed." : `${changed.length} files changed.`}`;
}
