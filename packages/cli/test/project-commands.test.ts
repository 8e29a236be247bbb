import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const cli = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sessile-new-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sessile(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=sessile-source", cli, ...args],
    { cwd, encoding: "utf8" },
  );
  return { status, said: stdout + stderr };
}

test("FR21: `sessile new` makes a project that has been generated, keeps what a package.json says, and overwrites nothing", () => {
  const root = join(folder, "My Agent");
  mkdirSync(root);
  const manifest = {
    name: "mine",
    scripts: { dev: "own" },
    dependencies: { sessile: "file:../sessile.tgz" },
  };
  writeFileSync(join(root, "package.json"), JSON.stringify(manifest));
  expect(sessile(root, "new", ".")).toMatchObject({
    status: 0,
    said: expect.stringContaining("npm run dev"),
  });
  expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).toMatchObject({
    name: "mine",
    type: "module",
    scripts: { dev: "own", check: expect.stringContaining("sessile generate") },
    dependencies: { sessile: "file:../sessile.tgz", react: expect.any(String) },
  });
  expect(readFileSync(join(root, "wrangler.jsonc"), "utf8")).toContain('"my-agent"');
  for (const path of [".gitignore", "sessions/chat/page.tsx", "sessions.lock.json", ".sessions/chat.ts"])
    expect(existsSync(join(root, path)), path).toBe(true);
  expect(sessile(root, "new", ".")).toMatchObject({
    status: 2,
    said: expect.stringContaining("is not empty"),
  });

  expect(sessile(folder, "new", "another").status).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, "another/package.json"), "utf8")).name).toBe("another");
});

test("FR22 FR23 FR26: `sessile migrate` and `sessile preflight` say what would become of the storage, and write nothing", () => {
  const root = join(folder, "kinds");
  sessile(folder, "new", "kinds");
  expect(sessile(root, "preflight")).toEqual({ status: 0, said: "Nothing stands in the way of a deploy.\n" });
  const options = join(root, "sessions/options.ts");
  writeFileSync(options, readFileSync(options, "utf8").replace("  authorize:", "  // authorize:"));
  expect(sessile(root, "preflight")).toMatchObject({
    status: 1,
    said: expect.stringContaining("Everybody may do everything"),
  });
  expect(sessile(root, "preflight", "--open").status).toBe(0);
  const lock = readFileSync(join(root, "sessions.lock.json"), "utf8");
  const session = join(root, "sessions/chat/session.ts");
  writeFileSync(session, readFileSync(session, "utf8").replace("class Chat ", "class Talk "));
  expect(sessile(root, "migrate").said).toMatch(
    /0001 {2}makes the class Chat for the kind chat\n.*0002 {2}renames Chat to Talk: the sessions of chat keep their data {2}\(new\)/,
  );
  expect(sessile(root, "preflight")).toMatchObject({
    status: 1,
    said: expect.stringMatching(/Out of date.*\n.*Everybody/),
  });
  renameSync(join(root, "sessions/chat"), join(root, "chat"));
  expect(sessile(root, "migrate").said).toMatch(
    /deletes the class Chat: destroys all sessions of chat {2}\(new\)\n.*--allow-delete/,
  );
  expect(sessile(root, "preflight")).toMatchObject({
    status: 1,
    said: expect.stringContaining("chat (Chat)"),
  });
  expect(readFileSync(join(root, "sessions.lock.json"), "utf8")).toBe(lock);
});

test("FR26: a new project lets everybody in on this machine, and elsewhere nobody until it says whom", async () => {
  const made = pathToFileURL(join(folder, "another/sessions/options.ts")).href;
  const { authorize } = (await import(made)).default;
  const may = (actor: { id: string } | null, env: object) => authorize({ actor, action: "read" }, env);
  expect(may(null, { SESSILE_LOCAL: true })).toBe(true);
  for (const env of [{ SESSILE_LOCAL: false }, {}])
    expect([may(null, env), may({ id: "ada" }, env)]).toEqual([false, true]);
});

test("the page of a new project tells whom the server refuses", async () => {
  writeFileSync(
    join(folder, "refused.ts"),
    'export const useSession = () => ({ error: new Error("You may not.") });',
  );
  const shown = `
    import { createElement } from "react";
    import { renderToStaticMarkup } from "react-dom/server";
    import Page from "./another/sessions/chat/page.tsx";
    console.log(renderToStaticMarkup(createElement(Page, { name: "mine" })));`;
  const { outputFiles } = await build({
    stdin: { contents: shown, resolveDir: folder },
    alias: { "@sessions/chat": join(folder, "refused.ts") },
    nodePaths: [fileURLToPath(new URL("../../../node_modules", import.meta.url))],
    bundle: true,
    platform: "node",
    jsx: "automatic",
    write: false,
  });
  const { stdout } = spawnSync(process.execPath, ["-"], { input: outputFiles[0]?.text, encoding: "utf8" });
  expect(stdout).toBe("<p>You may not.</p>\n");
});

test("FR25: `sessile preflight` refuses what is not committed, pushed or pulled, unless it is forced, and then loudly", () => {
  const root = join(folder, "repository");
  sessile(folder, "new", "repository");
  const git = (cwd: string, ...args: string[]) => {
    const me = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    const { status, stderr } = spawnSync("git", [...me, ...args], { cwd, encoding: "utf8" });
    expect(status, stderr).toBe(0);
  };
  git(root, "init", "--quiet");
  expect(sessile(root, "preflight").said).toMatch(/sessions\.lock\.json is not committed.*\n.*changed files/);
  git(root, "add", ".");
  git(root, "commit", "--quiet", "-m", "All");
  expect(sessile(root, "preflight").status).toBe(0);

  git(folder, "clone", "--quiet", "repository", "clone");
  const clone = join(folder, "clone");
  expect(sessile(clone, "preflight").status).toBe(0);
  for (const cwd of [root, clone]) git(cwd, "commit", "--quiet", "--allow-empty", "-m", cwd);
  git(clone, "fetch", "--quiet");
  const refused = sessile(clone, "preflight");
  expect(refused.status).toBe(1);
  expect(refused.said).toMatch(/1 commit is not pushed.*\n.*1 commit is not pulled/);
  const forced = sessile(clone, "preflight", "--force");
  expect(forced).toMatchObject({ status: 0, said: expect.stringMatching(/--force.*\n.*not pushed/) });
});
