import { afterEach, expect, test } from "vitest";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedHttp } from "../testing/scripted-http.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { auto, connect } from "./index.ts";

const clients: { close(): void }[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A proxy in front of a server, which may refuse upgrades and hold back streams. */
function scene(blocks: { upgrade?: boolean; stream?: boolean; everything?: boolean } = {}) {
  const clock = new FakeClock();
  const server = new ScriptedServer();
  const http = new ScriptedHttp(server, clock);
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (blocks.everything) return Promise.reject(new TypeError("fetch failed"));
    const isStream = new Headers(init?.headers).get("accept") === "text/event-stream";
    if (!blocks.stream || !isStream) return http.fetch(input, init);
    return new Promise((_, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new TypeError("aborted")));
    });
  };
  const client = connect({
    url: "http://s.test",
    kind: "note",
    name: "n1",
    transport: auto({ fetch }),
    WebSocket: server.WebSocket,
    clock,
    random: () => 0.5,
  });
  clients.push(client);
  /** Refused upgrades close at once, without having opened. */
  const refuse = () => {
    server.isAccepting = !(blocks.upgrade || blocks.everything);
    const pair = server.pairs.at(-1);
    if (!server.isAccepting && pair?.client.readyState === 0) pair.break();
  };
  const passes = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      refuse();
      http.flush();
      while (http.receive() || http.answers.length > 0) {
        for (const { deliver } of http.answers.splice(0)) deliver();
        await turn();
      }
      await clock.advanceAsync(250);
      await turn();
    }
  };
  return { clock, server, http, client, blocks, passes };
}

async function turn(): Promise<void> {
  await settled();
  await new Promise((resolve) => setImmediate(resolve));
  await settled();
}

test("TR11 where sockets are refused it goes over server-sent events, and keeps them", async () => {
  const { client, passes, server, http } = scene({ upgrade: true });
  await passes(10_000);
  expect(client.getSnapshot().connection).toBe("live");
  expect(client.transport).toBe("sse");
  const attempts = server.pairs.length;
  expect(attempts).toBe(3);
  http.break();
  await passes(10_000);
  expect(client.transport).toBe("sse");
  expect(server.pairs).toHaveLength(attempts);
});

test("TR11 where streams are held back too it goes over long polls", async () => {
  const { client, passes, server } = scene({ upgrade: true, stream: true });
  await passes(90_000);
  expect(client.transport).toBe("longpoll");
  server.commit({ type: "note.added" });
  await passes(1_000);
  expect(client.getSnapshot().lastSeq).toBe(server.lastSeq);
});

test("TR11 sockets that get blocked after they worked are left, tried once whenever the connection is lost, and taken up again", async () => {
  const { client, passes, server, http, blocks } = scene();
  await passes(1_000);
  expect(client.transport).toBe("websocket");
  blocks.upgrade = true;
  server.pair.break();
  await passes(15_000);
  expect(client.transport).toBe("sse");
  const attempts = server.pairs.length;
  http.break();
  await passes(15_000);
  expect(client.transport).toBe("sse");
  expect(server.pairs).toHaveLength(attempts + 1);
  blocks.upgrade = false;
  server.isAccepting = true;
  http.break();
  await passes(15_000);
  expect(client.transport).toBe("websocket");
  expect(client.getSnapshot().connection).toBe("live");
});

test("TR11 a server that was away for all of them is found again", async () => {
  const { client, passes, server, blocks } = scene({ everything: true });
  await passes(120_000);
  expect(client.getSnapshot().connection).not.toBe("live");
  blocks.everything = false;
  server.isAccepting = true;
  await passes(60_000);
  expect(client.getSnapshot().connection).toBe("live");
});

test("TR11 clients that are closed before they could connect say nothing of the transport", async () => {
  const first = scene();
  for (let n = 0; n < 5; n++) {
    first.server.isAccepting = false;
    first.client.close();
    await turn();
    first.client.start();
    await turn();
  }
  first.server.isAccepting = true;
  first.client.close();
  first.client.start();
  await first.passes(1_000);
  expect(first.client.transport).toBe("websocket");
  expect(first.client.getSnapshot().connection).toBe("live");
});
