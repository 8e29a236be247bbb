import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServeOptions, type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder, until } from "../../src/node/server/fixtures/processes.ts";
import { bundle } from "../bundle.ts";

interface Answer {
  readonly outcome: string;
  readonly output: string;
  readonly isCut: boolean;
}

const folder = temporaryFolder();
let options: ServeOptions;
let server: Server;
let loaders: Miniflare;
const urls = new Map<string, string>();

beforeAll(async () => {
  const source = await bundle(fileURLToPath(new URL("fixture-sandbox-worker.ts", import.meta.url)));
  const SECRET = "not for everybody";
  options = {
    worker: { source },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    workerLoaders: ["SANDBOX"],
    vars: { SECRET },
    log: () => {},
  };
  server = await serve(options);
  const modules = { "main.js": { type: "esm" as const, contents: source } };
  loaders = new Miniflare({
    workers: [
      {
        config: {
          name: "main",
          compatibilityDate,
          manifest: { mainModule: "main.js", modulesRoot: "/", modules },
          env: { SANDBOX: { type: "worker-loader" }, SECRET: { type: "text", value: SECRET } },
        },
      },
    ],
  });
  urls.set("embedded server", server.url);
  urls.set("worker loader", String(await loaders.ready).replace(/\/$/, ""));
});
afterAll(async () => {
  await server.close();
  await loaders.dispose();
  folder[Symbol.dispose]();
});

async function run(where: string, code: string, more: object = {}, path = "/"): Promise<Answer> {
  const response = await fetch(`${urls.get(where)}${path}`, {
    method: "POST",
    body: JSON.stringify({ code, ...more }),
  });
  return (await response.json()) as Answer;
}

describe.each(["embedded server", "worker loader"])("in a sandbox of the %s", (where) => {
  test("SX1 code gets its input, and gives its console's lines and what it returns", async () => {
    const code = 'console.log("sum", { of: 2 }); return input.a + input.b;';
    const answer = await run(where, code, { input: { a: 1, b: 2 } });
    expect(answer).toMatchObject({ outcome: "done", output: 'sum {"of":2}\n3', isCut: false });
    expect(await run(where, 'await null; return "\\u00e9\\"\\\\\\u2028\u{1F600}";')).toMatchObject({
      output: '"é\\"\\\\\u2028😀"',
    });
  });

  test("SX2 it has no bindings and reaches nothing, not even the server that runs it", async () => {
    const code = `const { env } = await import("cloudflare:workers");
      const { connect } = await import("cloudflare:sockets");
      const tried = [() => fetch(input.url), () => connect(input.host).opened];
      const reached = [];
      for (const each of tried) await Promise.resolve().then(each).then((r) => r && reached.push(String(each)), () => {});
      return { env: Object.keys(env), reached, process: Object.keys(globalThis.process?.env ?? {}) };`;
    const { host } = new URL(server.url);
    const { outcome, output } = await run(where, code, { input: { url: server.url, host } });
    expect([outcome, JSON.parse(output)]).toEqual(["done", { env: [], reached: [], process: [] }]);
  });

  test("SX2 nothing stays for the run after", async () => {
    const code = "const before = globalThis.kept; globalThis.kept = 1; return before ?? null;";
    for (let n = 0; n < 2; n++)
      expect(await run(where, code)).toMatchObject({ outcome: "done", output: "null" });
  });

  test("SX3 what is thrown is told, and so is what does not compile", async () => {
    expect(await run(where, 'console.log("before"); throw new TypeError("no such thing");')).toMatchObject({
      outcome: "threw",
      output: "before\nTypeError: no such thing",
    });
    expect(await run(where, "return (;")).toMatchObject({
      outcome: "threw",
      output: "SyntaxError: Unexpected token ';'",
    });
    expect(await run(where, "const a = {}; a.a = a; return a;")).toMatchObject({ outcome: "threw" });
  });

  test("SX4 what waits for ever is ended", async () => {
    const answer = await run(where, "await new Promise((resolve) => setTimeout(resolve, 60_000));", {
      limits: { timeoutMs: 200 },
    });
    expect(answer).toMatchObject({ outcome: "overdue" });
  });

  test("SX5 an output that is too long is cut", async () => {
    const answer = await run(where, 'return "é".repeat(5_000_000);', { limits: { maxOutputChars: 10 } });
    expect(answer).toMatchObject({ outcome: "done", output: `"${"é".repeat(9)}`, isCut: true });
  });
});

describe("on the embedded server", () => {
  const where = "embedded server";
  const started = (dir = folder.path) =>
    readdirSync(join(dir, "run")).filter((file) => file.startsWith("sandbox-")).length;

  test("SX4 an endless loop is ended, and nobody waits for it but who asked", async () => {
    const looping = run(where, "for (;;);", { limits: { timeoutMs: 300 } });
    expect(await run(where, "return 1;")).toMatchObject({ outcome: "done", output: "1" });
    expect(await looping).toMatchObject({ outcome: "overdue" });
  });

  test.each([
    ["objects", "const all = []; for (;;) all.push(new Array(1e5).fill(0).map((_, n) => ({ n })));"],
    ["buffers", "const all = []; for (let n = 0; n < 10; n++) all.push(new Uint8Array(1e8).fill(1));"],
    [
      "WebAssembly's memory",
      "new Uint8Array(new WebAssembly.Memory({ initial: 16_000 }).buffer).fill(1); await new Promise(() => {});",
    ],
  ])("SX6 what takes too much memory as %s ends, alone", async (_, code) => {
    const limits = { memoryMb: 32, timeoutMs: 50_000 };
    expect(await run(where, code, { limits })).toMatchObject({
      outcome: "crashed",
      output: "It used more memory than it may.",
    });
    expect(await run(where, "return 1;")).toMatchObject({ outcome: "done" });
  });

  test("SX7 more of them than there is room for wait their turn", async () => {
    const codes = [1, 2, 3, 4, 5].map((n) => run(where, `return ${n};`));
    expect((await Promise.all(codes)).map(({ output }) => output)).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("SX7 what many have ordered at once is not overdue for waiting, and holds nobody else up", async () => {
    const ended: string[] = [];
    const take = async (owner: string, code: string) => {
      const { outcome } = await run(where, code, { owner, limits: { timeoutMs: 50_000 } });
      ended.push(`${owner} ${outcome}`);
    };
    const hogs = [1, 2, 3, 4, 5, 6].map(() => take("hog", "await scheduler.wait(200);"));
    await until(() => started() === 2);
    await Promise.all([...hogs, take("other", "return 1;")]);
    expect(ended.indexOf("other done")).toBeLessThan(5);
    expect(ended.filter((one) => one === "hog done")).toHaveLength(6);
  });

  test("SX7 none of them outlives the server, or who asked for it", async () => {
    using own = temporaryFolder();
    const another = await serve({ ...options, dir: own.path });
    const loop = (more: object = {}) =>
      fetch(another.url, {
        method: "POST",
        body: JSON.stringify({ code: "for (;;);", limits: { timeoutMs: 60_000 }, ...more }),
      }).catch(() => {});
    await loop({ patienceMs: 500 });
    await until(() => started(own.path) === 0);
    const waiting = [loop(), loop(), loop()];
    await until(() => started(own.path) === 2);
    await another.close();
    await Promise.all(waiting);
    expect(started(own.path)).toBe(0);
  });

  test("SX8 a model's tool runs its code, and tells how that ended", async () => {
    expect(await run(where, "return input.n + 1;", {}, "/tool")).toMatchObject({
      outcome: "done",
      output: "21",
    });
    expect(await run(where, "return input.m.n;", {}, "/tool")).toMatchObject({ outcome: "threw" });
  });
});
