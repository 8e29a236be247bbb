import { spawnSync } from "node:child_process";
import { lockPath } from "sessile/routes";

/** How what would be deployed differs from what others have. Without git, or without a branch to follow, nobody knows. */
export function gitProblems(root: string): readonly string[] {
  const changed = git(root, "status", "--porcelain", "--no-renames", "-z");
  if (changed === null) return [];
  const files = changed.split("\0").filter((entry) => entry !== "");
  const lock = git(root, "status", "--porcelain", "--", lockPath) ?? "";
  const counts = git(root, "rev-list", "--count", "--left-right", "@{upstream}...HEAD") ?? "0\t0";
  const [behind = 0, ahead = 0] = counts.trim().split("\t").map(Number);
  return [
    ...(lock === ""
      ? []
      : [`${lockPath} is not committed: commit it, so that the migrations that are applied are kept.`]),
    ...(files.length === 0
      ? []
      : [`${are(files.length, "changed file")} not committed, such as ${files[0]?.slice(3)}.`]),
    ...(ahead === 0
      ? []
      : [`${are(ahead, "commit")} not pushed: nobody else could deploy what this deploys.`]),
    ...(behind === 0 ? [] : [`${are(behind, "commit")} not pulled: deploying takes back what others did.`]),
  ];
}

function git(root: string, ...args: string[]): string | null {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout : null;
}

function are(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? " is" : "s are"}`;
}
