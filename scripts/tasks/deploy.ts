import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { openToAll, preflight } from "sessile/routes";
import { apps, buildPackages, buildPage, generateApps } from "../lib/build.ts";
import { bin, root, run, StepFailed, steps } from "../lib/run.ts";

// `npm run deploy`: the triage app to Cloudflare, creating its D1 database on the first run. `-- tutor` deploys another app,
// `-- --dry-run` uploads nothing, `-- --force` minds nothing that preflight finds, `-- --open` only not that everybody may do everything.
const flags = process.argv.slice(2);
const preflightFlags = ["--force", "--open"];
const name = apps.find((each) => flags.includes(each)) ?? "triage";
const wranglerFlags = flags.filter((flag) => flag !== name && !preflightFlags.includes(flag));
const app = join(root, "apps", name);
const dryRun = flags.includes("--dry-run");
const generated = join(app, "wrangler.deploy.json");

interface Config {
  name: string;
  d1_databases?: { binding: string; database_name: string; database_id?: string }[];
  [key: string]: unknown;
}

await steps([
  [
    "Build",
    async () => Promise.all([buildPackages(), name === "minimal" ? generateApps() : buildPage(name)]),
  ],
  ["Preflight", refuseProblems],
  ...(dryRun ? [] : ([["Account", requireAccount]] as const)),
  [dryRun ? "Configuration" : "Database", writeConfig],
  ["Deploy", () => run(bin("wrangler"), ["deploy", "--config", generated, ...wranglerFlags], { cwd: app })],
  ...(dryRun ? [] : ([["Secrets", sayWhatIsMissing]] as const)),
]);

/** What is built and not uploaded may be on its way still. */
async function refuseProblems(): Promise<void> {
  const given = flags.filter((flag) => preflightFlags.includes(flag));
  if (!dryRun) return run(bin("sessile"), ["preflight", "--root", app, ...given]);
  const problems = [...preflight(app), ...(given.includes("--open") ? [] : openToAll(app))];
  if (problems.length > 0) throw new StepFailed(problems.join("\n"));
}

async function requireAccount(): Promise<void> {
  try {
    wrangler("whoami");
  } catch {
    throw new StepFailed(
      "not logged in to Cloudflare. Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN, and repeat.",
    );
  }
}

/** The checked-in configuration names the database; its id belongs to an account, so it goes into a file of its own. */
async function writeConfig(): Promise<void> {
  const config = parse(readFileSync(join(app, "wrangler.jsonc"), "utf8")) as Config;
  for (const database of config.d1_databases ?? []) {
    if (!dryRun)
      database.database_id ??= findDatabase(database.database_name) ?? createDatabase(database.database_name);
  }
  writeFileSync(generated, JSON.stringify(config, null, 2));
}

function findDatabase(name: string): string | undefined {
  const list = JSON.parse(wrangler("d1", "list", "--json")) as { name: string; uuid: string }[];
  return list.find((database) => database.name === name)?.uuid;
}

function createDatabase(name: string): string {
  console.log(`Creating the D1 database ${name} …`);
  wrangler("d1", "create", name);
  const id = findDatabase(name);
  if (!id)
    throw new StepFailed(`the D1 database ${name} was created but is not listed yet; repeat in a minute.`);
  return id;
}

async function sayWhatIsMissing(): Promise<void> {
  if (name !== "triage" && name !== "tutor") return;
  const secrets = JSON.parse(wrangler("secret", "list", "--config", generated)) as { name: string }[];
  if (secrets.some((secret) => secret.name === "SESSILE_SECRET")) return;
  console.log(
    "Profiles are signed with the secret SESSILE_SECRET, which is not set yet. Until it is, nobody can pick a name:",
  );
  console.log(`  openssl rand -base64 32 | npx wrangler secret put SESSILE_SECRET --config ${generated}`);
}

function wrangler(...args: string[]): string {
  return execFileSync(bin("wrangler"), args, {
    cwd: app,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}
