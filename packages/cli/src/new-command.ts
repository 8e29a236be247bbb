import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "sessile/routes";
import * as z from "zod";
import type { NewFlags } from "./project-flags.ts";
import { UsageError } from "./usage-error.ts";

const template = fileURLToPath(new URL("../template", import.meta.url));
/** What a folder may hold that a project is made in: what npm puts there. */
const npmFiles = new Set(["package.json", "package-lock.json", "node_modules", ".git", ".gitignore"]);

const texts = z.record(z.string(), z.string()).default({});
const manifest = z.looseObject({ scripts: texts, dependencies: texts, devDependencies: texts });
type Manifest = z.output<typeof manifest>;

/** Makes a project of the template. @throws UsageError if there is something already */
export function runNew({ folder }: NewFlags): void {
  const root = resolve(folder);
  const name = projectName(root);
  const present = existsSync(root) ? readdirSync(root) : [];
  const taken = present.find((entry) => !npmFiles.has(entry));
  if (taken !== undefined)
    throw new UsageError(`${root} is not empty: it has ${taken}. Name a folder that is not there yet.`);
  const former = present.includes("package.json") ? readManifest(join(root, "package.json")) : null;
  const hasIgnored = present.includes(".gitignore");
  mkdirSync(root, { recursive: true });
  cpSync(template, root, {
    recursive: true,
    filter: (path) => !(basename(path) === "gitignore" && hasIgnored),
  });
  // npm leaves a .gitignore out of a package.
  if (!hasIgnored) renameSync(join(root, "gitignore"), join(root, ".gitignore"));
  rename(join(root, "wrangler.jsonc"), name);
  if (former) writeManifest(root, merge(former, readManifest(join(root, "package.json"))));
  else rename(join(root, "package.json"), name);
  generate({ root });
  const steps = [
    ...(folder === "." ? [] : [`cd ${relative(process.cwd(), root)}`]),
    "npm install",
    "npm run dev",
  ];
  process.stdout.write(
    `${name} is there: a kind "chat" with a page. Go on with:\n\n  ${steps.join("\n  ")}\n`,
  );
}

/** As npm and Cloudflare want names. */
function projectName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (name !== "") return name;
  throw new UsageError(`"${basename(root)}" has no letters or digits to name a project by.`);
}

function rename(file: string, name: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace('"my-agent"', JSON.stringify(name)));
}

/** What is there wins: the packages may come from somewhere else than the registry. */
function merge(former: Manifest, made: Manifest): Manifest {
  const { scripts, dependencies, devDependencies } = made;
  const known = { ...former.dependencies, ...former.devDependencies };
  const missing = (wanted: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(wanted).filter(([name]) => !Object.hasOwn(known, name)));
  return {
    ...former,
    private: true,
    type: "module",
    scripts: { ...scripts, ...withoutPlaceholder(former.scripts) },
    dependencies: { ...former.dependencies, ...missing(dependencies) },
    devDependencies: { ...former.devDependencies, ...missing(devDependencies) },
  };
}

/** `npm init -y` writes a test that fails. */
function withoutPlaceholder(scripts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(scripts).filter(([, run]) => !run.includes("no test specified")));
}

function readManifest(file: string): Manifest {
  try {
    return manifest.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new UsageError(`${file} is not a package's manifest.`);
  }
}

function writeManifest(root: string, content: Manifest): void {
  writeFileSync(join(root, "package.json"), `${JSON.stringify(content, null, 2)}\n`);
}
