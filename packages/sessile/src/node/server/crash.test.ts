import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { counterOptions as options } from "./fixtures/counter-options.ts";
import { serveElsewhere, temporaryFolder, until } from "./fixtures/processes.ts";
import { endLeftoverRuntime } from "./leftover-runtime.ts";
import { isRunning, startOf } from "./process-state.ts";
import { serve } from "./serve.ts";

const text = async (url: string) => (await fetch(url)).text();
const quiet = { log: () => {} };

describe.each(["pdeathsig", "watchdog"] as const)("guarded by %s", (guard) => {
  const available = guard === "watchdog" || process.platform === "linux";

  test.runIf(available).each(["alone", "group"] as const)(
    "SIGKILL of the server (%s) leaves no runtime, a free port and a free folder with everything in it",
    async (what) => {
      using folder = temporaryFolder();
      const elsewhere = await serveElsewhere(options(folder.path, { guard }));
      const { url, runtimePid } = elsewhere.said;
      expect(await text(`${url}/`)).toBe("1");
      await elsewhere.kill(what);
      await until(() => !isRunning(runtimePid));

      await using again = await serve(
        options(folder.path, { port: Number(new URL(url).port), guard, ...quiet }),
      );
      expect(await text(`${again.url}/`)).toBe("2");
    },
  );

  test.runIf(available)(
    "a restart right after SIGKILL waits for the old runtime instead of writing beside it",
    async () => {
      using folder = temporaryFolder();
      const elsewhere = await serveElsewhere(options(folder.path, { guard }));
      await elsewhere.kill("alone");
      await using again = await serve(options(folder.path, { guard, ...quiet }));
      expect(isRunning(elsewhere.said.runtimePid)).toBe(false);
      expect(await text(`${again.url}/`)).toBe("1");
    },
  );

  test.runIf(available).each(["SIGTERM", "SIGINT"] as const)(
    "%s without a handler ends the runtime too",
    async (signal) => {
      using folder = temporaryFolder();
      const elsewhere = await serveElsewhere(options(folder.path, { guard }));
      await elsewhere.kill("alone", signal);
      await until(() => !isRunning(elsewhere.said.runtimePid));
    },
  );
});

describe("the folder's lock", () => {
  test("a second server is refused and told who holds the folder", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path, quiet));
    const { said } = await serveElsewhere(options(folder.path));
    expect(said).toMatchObject({ code: "folder_in_use", details: { pid: process.pid } });
    expect(said.message).toContain(`process ${process.pid}`);
    await expect(serve(options(folder.path, quiet))).rejects.toMatchObject({ code: "folder_in_use" });
    expect(await text(`${server.url}/`)).toBe("1");
  });

  test("a note that names a living process is no lock", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "holder.json"), JSON.stringify({ pid: process.ppid }));
    await using server = await serve(options(folder.path, quiet));
    expect(await text(`${server.url}/`)).toBe("1");
  });

  test("a process that exits without closing leaves neither runtime nor note", async () => {
    using folder = temporaryFolder();
    const elsewhere = await serveElsewhere(options(folder.path), "exit");
    expect(await elsewhere.ended()).toBe(0);
    await until(() => !isRunning(elsewhere.said.runtimePid));
    expect(readdirSync(folder.path)).not.toContain("holder.json");
  });
});

describe("the runtime of a killed server", () => {
  test.each([
    ["is killed when its guard failed", true],
    ["is left alone when its pid belongs to another program now", false],
  ])("%s", async (_, ours) => {
    using folder = temporaryFolder();
    const run = join(realpathSync(folder.path), "run");
    mkdirSync(run);
    const bystander = spawn("sleep", ["600"]);
    await once(bystander, "spawn");
    const exit = once(bystander, "exit");
    const pid = bystander.pid ?? 0;
    writeFileSync(join(run, "workerd.pid"), `${pid} ${ours ? startOf(pid) : "of another time"}\n`);
    await endLeftoverRuntime(run);
    if (ours) expect((await exit)[1]).toBe("SIGKILL");
    else expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
    bystander.kill("SIGKILL");
    await exit;
  });
});

test("alarms and D1 outlive SIGKILL: an alarm due while nobody served is run after the restart, unasked", async () => {
  using folder = temporaryFolder();
  {
    await using server = await serve(options(folder.path, quiet));
    await (await server.d1("DB")).exec("create table fired (name text)");
  }
  const elsewhere = await serveElsewhere(options(folder.path));
  const inMs = 300;
  expect(await text(`${elsewhere.said.url}/alarm?in=${inMs}`)).toBe("set");
  await elsewhere.kill("group");

  await using again = await serve(options(folder.path, quiet));
  const d1 = await again.d1("DB");
  const fired = async () => (await d1.prepare("select name from fired").all()).results.length;
  await until(async () => (await fired()) > 0);
  expect(await fired()).toBe(1);
});
