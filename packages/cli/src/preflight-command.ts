import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { lockPath, preflight } from "sessile/routes";
import type { ProjectFlags } from "./project-flags.ts";
import { CommandFailure } from "./remote.ts";

/** @throws CommandFailure with everything that would break a deploy */
export function runPreflight({ root: folder }: ProjectFlags): void {
  const root = resolve(folder);
  const problems = [...preflight(root), ...uncommitted(root)];
  if (problems.length > 0)
    throw new CommandFailure(`A deploy would break:\n${problems.map((each) => `- ${each}`).join("\n")}`);
  process.stdout.write("Nothing stands in the way of a deploy.\n");
}

/** Migrations that are applied and then lost would be made again, differently. Without git nobody knows. */
function uncommitted(root: string): readonly string[] {
  const git = spawnSync("git", ["status", "--porcelain", "--", lockPath], { cwd: root, encoding: "utf8" });
  if (git.status !== 0 || git.stdout === "") return [];
  return [`${lockPath} is not committed: commit it, so that the migrations that are applied are kept.`];
}
