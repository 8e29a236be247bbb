import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { counterOptions } from "./fixtures/counter-options.ts";
import { rawRequest, temporaryFolder, until } from "./fixtures/processes.ts";
import { counterWorker, emptyWorker } from "./fixtures/workers.ts";
import type { LogEntry } from "./log.ts";
import type { ServeOptions } from "./options.ts";
import { isRunning } from "./process-state.ts";
import { serve } from "./serve.ts";

const options = (dir: string, more: Partial<ServeOptions> = {}) =>
  counterOptions(dir, { log: () => {}, ...more });

const text = async (url: string) => (await fetch(url)).text();

describe("storage", () => {
  test("databases of objects and D1 lie under the data folder and outlive the server", async () => {
    using folder = temporaryFolder();
    {
      await using server = await serve(options(folder.path));
      expect(await text(`${server.url}/`)).toBe("1");
      const d1 = await server.d1("DB");
      await d1.exec("create table kept (n integer)");
      await d1.exec("insert into kept values (7)");
    }
    const files = readdirSync(join(folder.path, "data"), { recursive: true }).map(String);
    expect(files.filter((file) => /^do\/Counter\/[0-9a-f]{64}\.sqlite$/.test(file))).toHaveLength(1);
    expect(files.filter((file) => /^d1\/.*\/[0-9a-f]{64}\.sqlite$/.test(file))).toHaveLength(1);

    await using again = await serve(options(folder.path));
    expect(await text(`${again.url}/`)).toBe("2");
    expect((await (await again.d1("DB")).prepare("select n from kept").all()).results).toEqual([{ n: 7 }]);
  });

  test("a class keeps its data when it is renamed, and when its binding is", async () => {
    using folder = temporaryFolder();
    {
      await using server = await serve(options(folder.path));
      expect(await text(`${server.url}/`)).toBe("1");
    }
    {
      const renamed = {
        worker: { source: counterWorker("Tally") },
        durableObjects: { COUNTER: { className: "Tally" } },
      };
      const entries: LogEntry[] = [];
      await using server = await serve(
        options(folder.path, { ...renamed, log: (entry) => entries.push(entry) }),
      );
      expect(await text(`${server.url}/`)).toBe("2");
      expect(entries.map(({ message }) => message)).toContain("Tally carries on with the data of Counter.");
    }
    const source = counterWorker("Tally").replaceAll("env.COUNTER", "env.TALLY");
    const rebound = { worker: { source }, durableObjects: { TALLY: { className: "Tally" } } };
    await using server = await serve(options(folder.path, rebound));
    expect(await text(`${server.url}/`)).toBe("3");
  });

  test("the secret is made once, kept, and readable by its owner alone", async () => {
    using folder = temporaryFolder();
    const secrets: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      await using server = await serve(options(folder.path));
      secrets.push(await text(`${server.url}/secret`));
    }
    expect(Buffer.from(secrets[0] ?? "", "base64url")).toHaveLength(32);
    expect(secrets[1]).toBe(secrets[0]);
    expect(statSync(join(folder.path, "secret")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder.path, "secret"), "utf8").trim()).toBe(secrets[0]);
    expect(statSync(join(folder.path, "operator")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder.path, "operator"), "utf8").trim()).not.toBe(secrets[0]);
  });
});

describe("running", () => {
  test("FR26 vars arrive as text and as JSON", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path, { vars: { TEXT: "x", LIST: [1, { a: null }] } }));
    expect(await (await fetch(`${server.url}/vars`)).json()).toEqual({
      text: "x",
      list: [1, { a: null }],
      isLocal: true,
    });
  });

  test.each([
    [
      "a class",
      `export default class extends WorkerEntrypoint { fetch() { return new Response(this.env.TEXT); } }`,
    ],
    [
      "an object with a prototype",
      `class App { fetch(_, env) { return new Response(env.TEXT); } }; export default new App();`,
    ],
  ])("the default export may be %s, guarded like any other", async (_, code) => {
    using folder = temporaryFolder();
    const source = `import { WorkerEntrypoint } from "cloudflare:workers";\n${code}`;
    const worker = { worker: { source }, durableObjects: {}, vars: { TEXT: "hello" } };
    await using server = await serve(options(folder.path, worker));
    expect(await text(server.url)).toBe("hello");
    expect((await fetch(server.url, { headers: { origin: "http://evil.example" } })).status).toBe(403);
  });

  test("an evicted object starts anew with its data, and its hibernating socket lives on", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path));
    const before = await text(`${server.url}/instance`);
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    await server.evict("Counter", "one");
    const answer = new Promise<string>((resolve) => {
      socket.onmessage = ({ data }) => resolve(String(data));
    });
    socket.send("still here");
    const [after, echoed] = (await answer).split(/ (.*)/);
    expect(echoed).toBe("still here");
    expect(after).not.toBe(before);
    expect(await text(`${server.url}/instance`)).toBe(after);
    socket.close();
  });

  test("a crashed runtime is started again on the same port", async () => {
    using folder = temporaryFolder();
    const entries: LogEntry[] = [];
    await using server = await serve(options(folder.path, { log: (entry) => entries.push(entry) }));
    expect(await text(`${server.url}/`)).toBe("1");
    const crashed = server.runtimePid ?? 0;
    process.kill(crashed, "SIGKILL");
    await until(() => entries.some(({ message }) => message === "The runtime had crashed and runs again."));
    expect(server.runtimePid).not.toBe(crashed);
    expect(await text(`${server.url}/`)).toBe("2");
  });

  test("closing ends the runtime, frees port and folder, and takes no signal handlers", async () => {
    using folder = temporaryFolder();
    const handlers = process.listenerCount("SIGTERM");
    const server = await serve(options(folder.path));
    expect(process.listenerCount("SIGTERM")).toBe(handlers);
    const pid = server.runtimePid ?? 0;
    expect(isRunning(pid)).toBe(true);
    await Promise.all([server.close(), server.close()]);
    expect(isRunning(pid)).toBe(false);
    await using again = await serve(options(folder.path, { port: server.port }));
    expect(again.port).toBe(server.port);
  });

  test("another build takes over on the same port and data, also after one that does not start", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path));
    expect(await text(`${server.url}/`)).toBe("1");
    const broken = `${counterWorker()}\nthrow new Error("boom on reload");`;
    await expect(server.reload({ source: broken })).rejects.toMatchObject({
      code: "worker_failed",
      message: expect.stringContaining("boom on reload"),
    });
    await server.reload({ source: counterWorker().replace('"worker "', '"second build "') });
    expect(await text(`${server.url}/api/x`)).toBe("second build /api/x");
    expect(await text(`${server.url}/`)).toBe("2");
    await server.evict("Counter", "one");
    expect(await text(`${server.url}/`)).toBe("3");
  });

  test("another build may have other bindings; one that does not start takes no class's data with it", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path));
    expect(await text(`${server.url}/`)).toBe("1");
    const renamed = {
      durableObjects: { COUNTER: { className: "Tally" } },
      renamedClasses: [{ from: "Counter", to: "Tally" }],
    };
    const broken = `${counterWorker("Tally")}\nthrow new Error("boom on reload");`;
    await expect(server.reload({ source: broken }, renamed)).rejects.toThrow("boom on reload");
    await server.reload({ source: counterWorker() });
    expect(await text(`${server.url}/`)).toBe("2");
    await server.reload({ source: counterWorker("Tally") }, renamed);
    expect(await text(`${server.url}/`)).toBe("3");
  });

  test("IPv6 loopback serves without an authorizer", async () => {
    using folder = temporaryFolder();
    await using server = await serve(options(folder.path, { host: "[::1]" }));
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect(await text(`${server.url}/api/x`)).toBe("worker /api/x");
  });

  test("two servers in one process each keep to their folder", async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    const first = await serve(options(one.path));
    await using second = await serve(options(two.path));
    expect(await text(`${first.url}/`)).toBe("1");
    expect(await text(`${second.url}/`)).toBe("1");
    await first.close();
    expect(await text(`${second.url}/`)).toBe("2");
    expect(process.env.MINIFLARE_WORKERD_PATH).toContain(second.dir);
  });

  test("what the Worker logs reaches the sink with its level", async () => {
    using folder = temporaryFolder();
    const entries: LogEntry[] = [];
    await using server = await serve(options(folder.path, { log: (entry) => entries.push(entry) }));
    await text(`${server.url}/crash-log`);
    await until(() => entries.some(({ message }) => message.includes("said by the worker")));
    expect(entries).toContainEqual(
      expect.objectContaining({ from: "worker", level: "warn", message: "said by the worker" }),
    );
  });
});

describe("refusing to start", () => {
  test("a port in use is named, with the way out", async () => {
    using folder = temporaryFolder();
    await using taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(serve(options(folder.path, { port }))).rejects.toMatchObject({
      code: "port_in_use",
      details: { port },
      message: expect.stringMatching(new RegExp(`Port ${port} .*--port`)),
    });
  });

  test("another address than loopback needs an authorizer", async () => {
    using folder = temporaryFolder();
    const open = options(folder.path, { host: "0.0.0.0" });
    await expect(serve(open)).rejects.toMatchObject({ code: "authorizer_required" });
    await using server = await serve({ ...open, authorizer: true });
    // OT2: whoever reaches it from elsewhere must not have to guess a token only.
    expect(server.operatorToken).toBeNull();
    expect((await rawRequest(`${server.url}/api/x`)).status).toBe(200);
    expect((await rawRequest(`${server.url}/api/x`, { host: `rebound.example:${server.port}` })).status).toBe(
      403,
    );
  });

  test("a folder that cannot be used is named, with the way out", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    await expect(serve(options(file))).rejects.toMatchObject({
      code: "folder_not_writable",
      message: expect.stringMatching(/not a folder.*--dir/),
    });
  });

  test("a part of the folder that cannot be used is told the same way", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "lock"));
    await expect(serve(options(folder.path))).rejects.toMatchObject({ code: "folder_not_writable" });
    rmdirSync(join(folder.path, "lock"));
    mkdirSync(join(folder.path, "classes.json.next"));
    await expect(serve(options(folder.path))).rejects.toMatchObject({ code: "folder_not_writable" });
  });

  test("a secret that others can read, or that is damaged, is not used", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "secret");
    writeFileSync(file, `${"A".repeat(43)}\n`, { mode: 0o644 });
    await expect(serve(options(folder.path))).rejects.toThrow(`chmod 600 ${file}`);
    writeFileSync(file, "short");
    await expect(serve(options(folder.path))).rejects.toThrow("32 bytes");
  });

  test.each([
    ["throws", `${emptyWorker}\nthrow new Error("boom at start");`, "boom at start"],
    ["does not parse", "export default {", "SyntaxError"],
    ["has no default export", "export const x = 1;", "The Worker has no default export"],
  ])("a Worker that %s is shown by its own words, and the folder stays free", async (_, source, words) => {
    using folder = temporaryFolder();
    const broken = options(folder.path, { worker: { source }, durableObjects: {} });
    const failure = await serve(broken).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "worker_failed", message: expect.stringContaining(words) });
    expect(String(failure)).not.toContain("core:user");
    await using server = await serve(options(folder.path));
    expect(await text(`${server.url}/`)).toBe("1");
  });

  test("a class that the Worker does not export is named", async () => {
    using folder = temporaryFolder();
    const missing = options(folder.path, { worker: { source: emptyWorker } });
    await expect(serve(missing)).rejects.toMatchObject({
      code: "worker_failed",
      message: expect.stringContaining("Counter"),
    });
  });

  test("two bindings of one name are refused", async () => {
    using folder = temporaryFolder();
    await expect(serve(options(folder.path, { vars: { DB: "x" } }))).rejects.toMatchObject({
      code: "bad_option",
    });
  });
});
