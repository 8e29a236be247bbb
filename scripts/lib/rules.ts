import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, StepFailed } from "./run.ts";

/** A rule in PROTOCOL.md: `- **LO3** …`. */
const rulePattern = /^- \*\*([A-Z]{2}\d+)\*\*/gm;
/** A rule id in a test title or a contract case. */
const mentionPattern = /["'`]([A-Z]{2}\d+(?:,? [A-Z]{2}\d+)*)[ :.]/g;

/** A section of PROTOCOL.md: `## 3. Exactly once`. */
const sectionPattern = /^## (\d+)?/gm;

/** Each rule is proven by a test titled with its id, and each id in a title is a rule. */
export async function checkRules(): Promise<void> {
  const protocol = readFileSync(join(root, "PROTOCOL.md"), "utf8");
  for (const [index, section] of [...protocol.matchAll(sectionPattern)].entries())
    if (Number(section[1]) !== index + 1)
      throw new StepFailed(`section ${index + 1} of PROTOCOL.md begins with "${section[0]}"`);
  const ids = [...protocol.matchAll(rulePattern)].map((match) => match[1] ?? "");
  const rules = new Set(ids);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (repeated.length > 0) throw new StepFailed(`rules that PROTOCOL.md has twice: ${repeated.join(", ")}`);
  const tested = new Set<string>();
  const files = globSync(
    [
      "packages/**/*.test.ts",
      "packages/**/*.test.tsx",
      "packages/**/*-contract.ts",
      "packages/**/*-cases.ts",
      "apps/**/*.test.ts",
    ],
    {
      cwd: root,
      exclude: (path) => path.includes("node_modules") || path.includes("dist/"),
    },
  );
  for (const file of files) {
    for (const [, mentioned = ""] of readFileSync(join(root, file), "utf8").matchAll(mentionPattern)) {
      for (const id of mentioned.split(/,? /)) tested.add(id);
    }
  }
  const untested = [...rules].filter((rule) => !tested.has(rule));
  const unknown = [...tested].filter(
    (id) => !rules.has(id) && [...rules].some((rule) => rule.slice(0, 2) === id.slice(0, 2)),
  );
  if (untested.length > 0) throw new StepFailed(`rules without a test: ${untested.join(", ")}`);
  if (unknown.length > 0)
    throw new StepFailed(`tests of rules that PROTOCOL.md lacks: ${unknown.join(", ")}`);
  console.log(`${rules.size} rules, each with a test`);
}
