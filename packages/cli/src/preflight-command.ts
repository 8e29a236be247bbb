import { resolve } from "node:path";
import { openToAll, preflight } from "sessile/routes";
import { gitProblems } from "./git-state.ts";
import type { PreflightFlags } from "./project-flags.ts";
import { CommandFailure } from "./remote.ts";

/** @throws CommandFailure with everything that stands in the way of a deploy, unless it is forced */
export function runPreflight({ root: folder, force, open }: PreflightFlags): void {
  const root = resolve(folder);
  const problems = [...preflight(root), ...(open ? [] : openToAll(root)), ...gitProblems(root)];
  if (problems.length === 0) {
    process.stdout.write("Nothing stands in the way of a deploy.\n");
    return;
  }
  const list = problems.map((each) => `- ${each}`).join("\n");
  if (!force) throw new CommandFailure(`This stands in the way of a deploy:\n${list}`);
  process.stderr.write(
    `GOING ON BECAUSE OF --force, although this stands in the way of a deploy:\n${list}\n`,
  );
}
