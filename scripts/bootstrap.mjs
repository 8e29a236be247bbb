// Plain JavaScript for any Node from 20 on: installs what the lock file asks for, then hands over to Node 24, which the npm
// package `node` has brought, and to a task in TypeScript. A fresh machine needs nothing but Node and npm.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithNpm } from "../packages/cli/bin/end-with-npm.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const stamp = join(modules, ".sessile-installed");
const [task, ...args] = process.argv.slice(2);

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) fail(`Sessile needs Node 20 or newer to set itself up; this is ${process.versions.node}.`);
if (!task || !existsSync(join(root, "scripts", "tasks", `${task}.ts`))) fail(`There is no task "${task}".`);

install();

const node = join(modules, "node", "bin", "node");
const child = spawn(
  existsSync(node) ? node : process.execPath,
  [
    "--conditions=sessile-source",
    "--disable-warning=ExperimentalWarning",
    join(root, "scripts", "tasks", `${task}.ts`),
    ...args,
  ],
  {
    stdio: "inherit",
    cwd: root,
    env: { ...process.env, PATH: [join(modules, ".bin"), process.env.PATH].join(delimiter) },
  },
);
// Ctrl-C reaches the whole group; a plain kill of this process must not leave the task behind.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
endWithNpm(() => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.log("Installing dependencies (once) …");
  // Not `npm ci`: it wants the packages of every other platform in the lock file, which a partial registry cannot give.
  // `--no-save` keeps to the lock file just the same.
  // Node 24 comes with the install itself, so the engine warnings of the tools that want it do not apply.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (result.status !== 0) fail("npm install failed; see above.");
  writeFileSync(stamp, lock);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
