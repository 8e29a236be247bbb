import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findHolder } from "sessile/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sessile-cli-"));
  const config = `{
    "name": "app", "main": "worker.ts", "compatibility_date": "2026-11-01",
    "durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
    "vars": { "GREETING": "hello" }
  }`;
  writeFileSync(join(folder, "wrangler.jsonc"), config);
  writeFileSync(
    join(folder, "worker.ts"),
    `import { DurableObject } from "cloudflare:workers";
     import { greet } from "./greet.ts";
     export class Counter extends DurableObject {}
     export default { fetch: (_: Request, env: { GREETING: string }) => new Response(greet(env.GREETING)) };`,
  );
  writeFileSync(
    join(folder, "greet.ts"),
    "export const greet = (words: string): string => words.toUpperCase();",
  );
});
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 3 }));

function sessile(...args: string[]) {
  const child = spawn(process.execPath, ["--conditions=sessile-source", main, ...args], { cwd: folder });
  const exit = once(child, "exit");
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return { child, exit, stdout: () => stdout, stderr: () => stderr };
}

async function outcome(...args: string[]) {
  const run = sessile(...args);
  const [code] = await run.exit;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

describe("sessile serve", () => {
  test("bundles and serves what wrangler.jsonc says, names the address, and stops in order on SIGTERM", async () => {
    const { child, exit, stderr } = sessile("serve", "--port", "0", "--var", "GREETING=good day");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = String((await lines.next()).value);
    const [, url] =
      /^Sessile serves (http:\/\/127\.0\.0\.1:\d+) \(started in \d+\.\d\d s\)$/.exec(first) ?? [];
    expect(url, first + stderr()).toBeDefined();
    expect((await lines.next()).value).toBe("The data lies in .sessile. Stop with Ctrl-C.");
    expect(await (await fetch(`${url}/`)).text()).toBe("GOOD DAY");
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    expect(stderr()).toBe("");
    expect(existsSync(join(folder, ".sessile", "holder.json"))).toBe(false);
  });

  test("sessile stop ends the server, also one whose output nobody reads any more, and returns once the folder is free; with none there it says so", async () => {
    const { child, exit } = sessile("serve", "--port", "0");
    await once(createInterface({ input: child.stdout }), "line");
    for (const stream of [child.stdout, child.stderr]) {
      stream.destroy();
      await once(stream, "close");
    }
    expect((await outcome("stop")).code).toBe(0);
    expect(findHolder(join(folder, ".sessile"))).toBeNull();
    expect(await exit).toEqual([0, null]);
    expect(await outcome("stop")).toEqual({ code: 0, stdout: "No server runs on .sessile.\n", stderr: "" });
    expect(await outcome("stop", "--dir", "elsewhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("elsewhere cannot be used (it does not exist)"),
    });
  });

  test("the server ends when the npm that started it was killed", async () => {
    const linked = fileURLToPath(new URL("../bin/sessile.js", import.meta.url));
    // The shell stays in between, as npm's does on some systems.
    const script = `"${process.execPath}" "${linked}" serve --port 0; true`;
    const start = `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(script)}], { stdio: "inherit" })`;
    const env = { ...process.env, npm_lifecycle_event: "npx" };
    const npm = spawn(process.execPath, ["-e", start], { cwd: folder, env });
    const output = createInterface({ input: npm.stdout });
    await once(output, "line");
    npm.kill("SIGKILL");
    // Its end closes the output, which it shares with the npm that is gone.
    await once(output, "close");
    expect(findHolder(join(folder, ".sessile"))).toBeNull();
  });

  test("the executable that npm links is there before anything is built", async () => {
    const linked = fileURLToPath(new URL("../bin/sessile.js", import.meta.url));
    const child = spawn(process.execPath, [linked, "serve", "--prot", "1"], { cwd: folder });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    expect(await once(child, "exit")).toEqual([2, null]);
    expect(stderr).toBe("sessile: Unknown option '--prot'. Run: sessile serve --help\n");
  });

  test("a port in use is one line, exit 1", async () => {
    await using taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await outcome("serve", "--port", String(port));
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^sessile: Port ${port} is already in use\\..*--port.*\n$`));
  });

  test("another address without an authorizer is refused", async () => {
    expect(await outcome("serve", "--host", "0.0.0.0")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("authorizer"),
    });
  });

  test("an import that is not there is shown as the bundler says it, exit 2", async () => {
    rmSync(join(folder, "greet.ts"));
    const { code, stderr } = await outcome("serve", "--port", "0");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('Could not resolve "./greet.ts"'),
    });
  });

  test("an unknown flag is named, exit 2", async () => {
    const { code, stderr } = await outcome("serve", "--prot", "1");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "sessile: Unknown option '--prot'. Run: sessile serve --help\n",
    });
  });
});

test("a command whose output nobody reads any more ends without a word", async () => {
  const wait = 'read line; exec "$@"';
  const command = [process.execPath, "--conditions=sessile-source", main, "--help"];
  const child = spawn("sh", ["-c", wait, "sh", ...command], { cwd: folder });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout.destroy();
  await once(child.stdout, "close");
  child.stdin.end("go on\n");
  const [code] = await once(child, "close");
  expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
});
