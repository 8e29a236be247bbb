import { existsSync } from "node:fs";
import { sessile } from "sessile/vite";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DevServer } from "../src/dev/dev-server.ts";
import { RoutedProject } from "./routed-project.ts";

const session = "sessions/chat/session.ts";

/** What a program said; waiting for more is waiting for the event. */
class Said {
  readonly #lines: string[] = [];
  #heard = Promise.withResolvers<void>();

  readonly add = (line: string): void => {
    this.#lines.push(line);
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
  };

  /** Everything since the last call, once `pattern` is among it. */
  async until(pattern: RegExp): Promise<string> {
    while (!this.#lines.some((line) => pattern.test(line))) await this.#heard.promise;
    return this.#lines.splice(0).join("\n");
  }
}

describe("FR19: sessile dev", () => {
  const project = new RoutedProject();
  const said = new Said();
  let dev: DevServer;
  let url = "";

  beforeAll(async () => {
    dev = await DevServer.start({
      root: project.root,
      flags: { port: 0, dir: project.path("data"), authorizer: false, allowedHosts: [], vars: {} },
      onServing: (server) => {
        url = server.url;
      },
      print: said.add,
    });
  });
  afterAll(async () => {
    await dev.close();
    project[Symbol.dispose]();
  });

  const add = async (kind: string, by: number) => {
    const request = { method: "POST", body: `[${by}]` };
    return (await fetch(`${url}/v1/sessions/${kind}/mine/call/add`, request)).json();
  };

  /** What open pages are told, from where their script asks. */
  async function* pageNews() {
    const script = await (await fetch(`${url}/assets/sessions/chat.js`)).text();
    const address = /http:\/\/127\.0\.0\.1:\d+\//.exec(script)?.[0] ?? "";
    expect((await fetch(address, { headers: { origin: "https://elsewhere.example" } })).status).toBe(403);
    const response = await fetch(address, { headers: { origin: url } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()) ?? [];
    for await (const text of reader)
      for (const [, data = ""] of text.matchAll(/data: (.*)\n\n/g))
        yield JSON.parse(data) as { build: string; failure: string | null };
  }

  test("a change takes over in place, on the same data; what is broken is said, and what ran before goes on", async () => {
    expect(await add("chat", 5)).toMatchObject({ result: 5 });
    project.replace(session, "this.state.total + by", "this.state.total + by * 10");
    await said.until(/^Runs what changed/);
    expect(await add("chat", 1)).toMatchObject({ result: 15 });

    project.replace(session, "by * 10", "by * ;");
    await said.until(/chat\/session\.ts is not TypeScript.*\nWhat ran before goes on\./s);
    expect(await add("chat", 1)).toMatchObject({ result: 25 });
    project.replace(session, "by * ;", "by * twenty");
    project.replace(session, "import { callable", 'import { twenty } from "./twenty.ts";\nimport { callable');
    await said.until(/Could not resolve "\.\/twenty\.ts"/);
    project.write("sessions/chat/twenty.ts", "export const twenty = 20;\n");
    await said.until(/Right again/);
    expect(await add("chat", 1)).toMatchObject({ result: 45 });
    project.write("sessions/chat/twenty.ts", 'export const twenty = 2;\nthrow new Error("not today");\n');
    await said.until(/not today/);
    expect(await add("chat", 1)).toMatchObject({ result: 65 });
    project.write("sessions/chat/twenty.ts", "export const twenty = 2;\n");
    await said.until(/Right again/);
    expect(await add("chat", 1)).toMatchObject({ result: 67 });
  });

  test("a kind that is new is served, one that is renamed keeps its data, and one that is gone is refused", async () => {
    project.write(
      "sessions/late/session.ts",
      project
        .read(session)
        .replace('"chat"', '"late"')
        .replace("ChatSession", "Late")
        .replace("./twenty", "../chat/twenty"),
    );
    await said.until(/^Runs what changed/);
    expect(await add("late", 3)).toMatchObject({ result: 6 });
    project.replace("sessions/late/session.ts", "class Late ", "class Later ");
    // A build that was under way may have read the old name and the new code: what was generated from the new one comes after it.
    await said.until(/^wrangler\.jsonc$/);
    await said.until(/^Runs what changed/);
    expect(await add("late", 1)).toMatchObject({ result: 8 });
    project.move("sessions/late", "late-elsewhere");
    await said.until(/late \(Later\)/);
    expect(await add("late", 1)).toMatchObject({ result: 10 });
    project.move("late-elsewhere", "sessions/late");
    await said.until(/Right again/);
  });

  test("open pages reload when they are built anew, and show what is wrong", async () => {
    const news = pageNews();
    const { build, failure } = (await news.next()).value ?? {};
    expect(failure).toBeNull();
    project.replace("sessions/chat/page.tsx", "Loading", "Wait a moment");
    const rebuilt = (await news.next()).value;
    expect(rebuilt?.failure).toBeNull();
    expect(rebuilt?.build).not.toBe(build);
    expect(await (await fetch(`${url}/assets/sessions/chat.js`)).text()).toContain("Wait a moment");
    project.replace("sessions/chat/page.tsx", "return (", "return ((");
    expect((await news.next()).value?.failure).toMatch(/pages cannot be bundled.*sessions\/chat\/page\.tsx/s);
    project.replace("sessions/chat/page.tsx", "return ((", "return (");
    expect((await news.next()).value).toEqual(rebuilt);
    await news.return(undefined);
  });
});

describe("FR20: the Vite plugin", () => {
  test("generates before it serves and after a change, shows what is refused, and resolves @sessions", async () => {
    using project = new RoutedProject();
    const said = new Said();
    const logger = {
      info: said.add,
      error: said.add,
      warn: said.add,
      warnOnce: said.add,
      clearScreen() {},
      hasErrorLogged: () => false,
      hasWarned: false,
    };
    const vite: ViteDevServer = await createServer({
      root: project.root,
      configFile: false,
      server: { middlewareMode: true, ws: false },
      optimizeDeps: { noDiscovery: true },
      appType: "custom",
      customLogger: logger,
      plugins: [sessile()],
    });
    try {
      await said.until(/sessions\/chat\.ts/);
      // It looks around for a while after it said that it was done, and does not tell of what changes meanwhile.
      await expect
        .poll(() => vite.watcher.getWatched()[project.path("sessions/chat")])
        .toContain("session.ts");
      const resolved = await vite.pluginContainer.resolveId(
        "@sessions/chat",
        project.path("sessions/chat/page.tsx"),
      );
      expect(resolved?.id).toBe(project.path(".sessions/chat.ts"));
      project.replace(session, "class ChatSession ", "class Talk ");
      expect(await said.until(/wrangler\.jsonc/)).toContain(".sessions/chat.ts");
      project.replace(session, 'kind = "chat"', "kind = made()");
      expect(await said.until(/sessions\/chat/)).toContain("its kind is not a literal");
      project.replace(session, "kind = made()", 'kind = "chat"');
      project.write(
        "sessions/late/session.ts",
        project.read(session).replace('"chat"', '"late"').replace("Talk", "Late"),
      );
      await said.until(/sessions\/late\.ts/);
      expect(existsSync(project.path(".sessions/late.ts"))).toBe(true);
    } finally {
      await vite.close();
    }
  });
});
