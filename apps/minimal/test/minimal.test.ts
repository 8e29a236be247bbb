import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect } from "sessile/client";
import { generate } from "sessile/routes";
import { expect, test } from "vitest";
import type Counter from "../sessions/counter/session.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** `sessile serve`, as the README says to start it. */
async function serveMinimal(dir: string) {
  const child = spawn(
    process.execPath,
    [
      "--conditions=sessile-source",
      "packages/cli/src/main.ts",
      "serve",
      "--config",
      "apps/minimal/wrangler.jsonc",
      "--port",
      "0",
      "--dir",
      dir,
    ],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /serves (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    const stop = async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
    };
    return { url, stop };
  }
  throw new Error("sessile serve ended without saying where it serves");
}

test("HT27 the README's counter counts, shows it live, and remembers it through a restart; a list needs a record", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sessile-minimal-"));
  try {
    const first = await serveMinimal(dir);
    const [one, two] = [1, 2].map(() => connect<Counter>({ url: first.url, kind: "counter", name: "mine" }));
    await two?.whenLive();
    expect(await one?.call.increment(2)).toBe(2);
    expect(await two?.call.increment(3)).toBe(5);
    await expect.poll(() => one?.getSnapshot().state).toEqual({ count: 5 });
    one?.close();
    two?.close();
    await first.stop();

    const second = await serveMinimal(dir);
    const list = await fetch(`${second.url}/v1/sessions`);
    expect([list.status, await list.json()]).toEqual([
      501,
      expect.objectContaining({
        code: "not_configured",
        detail: expect.stringContaining("bind a D1 database as SESSILE_RECORD"),
      }),
    ]);
    const answer = await fetch(`${second.url}/v1/sessions/counter/mine/call/increment`, {
      method: "POST",
      body: "[1]",
    });
    expect(await answer.json()).toMatchObject({ result: 6 });
    expect(await (await fetch(`${second.url}/counter/mine`)).json()).toMatchObject({ state: { count: 6 } });
    await second.stop();
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});

test.each(["minimal", "triage", "tutor", "chat"])(
  "the lockfile and bindings of %s are what `sessile generate` writes",
  (app) => {
    const { changed } = generate({ root: join(root, "apps", app), check: true });
    expect(changed.filter((path) => !path.startsWith(".sessions/"))).toEqual([]);
  },
);

test("the whole app stays under 100 lines", () => {
  const lines = ["sessions/counter/session.ts", "wrangler.jsonc", "package.json", "tsconfig.json"].map(
    (file) => readFileSync(join(root, "apps/minimal", file), "utf8").split("\n").length,
  );
  expect(lines.reduce((sum, count) => sum + count)).toBeLessThan(100);
});
