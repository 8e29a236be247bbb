import { afterEach, expect, test, vi } from "vitest";
import { subprotocol } from "../../protocol/index.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ScriptedServer } from "../../testing/scripted-server.ts";
import { connect, shared } from "../index.ts";
import { TabHub } from "./tab-hub.ts";
import type { TabMessage } from "./tab-message.ts";

let count = 0;
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
  vi.unstubAllGlobals();
});

/** A hub on a scripted server, and the channel as a tab hears it. */
function stage() {
  const channelName = `tab-hub-${count++}`;
  const clock = new FakeClock();
  const server = new ScriptedServer();
  const channel = new BroadcastChannel(channelName);
  const messages: TabMessage[] = [];
  const hub = new TabHub({
    channelName,
    clock,
    open: () => new server.WebSocket("wss://s.test/v1/sessions/note/n1", [subprotocol]),
  });
  channel.onmessage = ({ data }: { data: unknown }) => messages.push(data as TabMessage);
  ended.push(() => {
    hub.close();
    channel.close();
  });
  const tell = (message: TabMessage) => channel.postMessage(message);
  /** The first message that fits, of those not taken yet. */
  const hear = async <T extends TabMessage["t"]>(
    t: T,
    fits: (message: Extract<TabMessage, { t: T }>) => boolean = () => true,
  ) => {
    const isIt = (message: TabMessage) => message.t === t && fits(message as never);
    await expect.poll(() => messages.some(isIt)).toBe(true);
    return messages.splice(messages.findIndex(isIt), 1)[0] as Extract<TabMessage, { t: T }>;
  };
  const hubId = async () => {
    tell({ t: "seek" });
    return (await hear("hub")).hub;
  };
  const join = async (hubId: string, tab: string) => {
    tell({ t: "join", hub: hubId, tab, after: server.lastSeq });
    return hear("joined", (joined) => joined.tab === tab);
  };
  const command = (n: number) => ({ op: "append", type: "note.added", payload: n, id: `p.0.${n}` });
  const send = (link: string, n: number) =>
    tell({ t: "send", link, tab: "a", text: JSON.stringify({ t: "do", commands: [command(n)] }) });
  return { clock, server, messages, tell, hear, hubId, join, send };
}

const commands = ({ frames }: ScriptedServer) => frames.filter(({ t }) => t === "do").length;

test("TB1 the hub connects once, from where the first tab is, and passes on what happens", async () => {
  const { server, hear, hubId, join, send } = stage();
  const hub = await hubId();
  const [a, b] = [await join(hub, "a"), await join(hub, "b")];
  expect(a).toMatchObject({ peerId: "p1", actor: { id: "ada" }, via: "websocket" });
  expect([b.link, server.pairs.length]).toEqual([a.link, 1]);
  expect(server.frames[0]).toMatchObject({ t: "hello", after: 2, short: true });
  send(a.link, 0);
  const { text, link } = await hear("text", (message) => message.text.includes("acks"));
  expect(JSON.parse(text)).toMatchObject({
    t: "commit",
    commit: { firstSeq: 3 },
    acks: [{ id: "p.0.0", seq: 3 }],
  });
  expect(link).toBe(a.link);
});

test("TB1 the hub catches up for all when the server says it is behind", async () => {
  const { server, hear, hubId, join } = stage();
  await join(await hubId(), "a");
  for (let n = 0; n < 5; n++) server.run([{ op: "append", type: "note.added", payload: n, id: `q.0.${n}` }]);
  server.send({ t: "behind", lastSeq: 7 });
  const seqs: number[] = [];
  while (seqs.length < 5) {
    const { text } = await hear("text", (message) => message.text.includes("commits"));
    seqs.push(
      ...(JSON.parse(text) as { commits: { firstSeq: number }[] }).commits.map(({ firstSeq }) => firstSeq),
    );
  }
  expect(seqs).toEqual([3, 4, 5, 6, 7]);
});

test("TB5 a signal reaches the other tabs; who joins late hears who is there", async () => {
  const { server, hear, hubId, join, tell } = stage();
  const hub = await hubId();
  const { link } = await join(hub, "a");
  server.send({ t: "presence", count: 2, peers: [] });
  await hear("text", ({ text }) => text.includes("presence"));
  expect((await join(hub, "b")).presence).toContain('"count":2');
  tell({ t: "send", link, tab: "a", text: '{"t":"signal","signal":"hi"}' });
  const signal = await hear("text", ({ text }) => text.includes("signal"));
  expect(signal.except).toBe("a");
  expect(JSON.parse(signal.text)).toEqual({
    t: "signal",
    from: { peerId: "p1", actor: { id: "ada" } },
    signal: "hi",
  });
});

test("TB7 what was sent on a connection that has ended goes nowhere, though there is another", async () => {
  const { server, hear, hubId, join, send } = stage();
  const hub = await hubId();
  const old = await join(hub, "a");
  server.pair.server.close(4401, "Sign in.");
  expect(await hear("closed")).toMatchObject({ hub, code: 4401, reason: "Sign in." });
  const { link } = await join(hub, "b");
  send(old.link, 1);
  send(link, 2);
  await hear("text", ({ text }) => text.includes("acks"));
  expect(commands(server)).toBe(1);
  expect(server.lastSeq).toBe(3);
});

test("TB4 a connection that answers nobody is ended when one tab gives it up, whoever else stays", async () => {
  const { clock, server, hear, hubId, join, tell } = stage();
  const hub = await hubId();
  const { link } = await join(hub, "a");
  await join(hub, "b");
  server.answersPing = false;
  tell({ t: "send", link, tab: "a", text: "ping" });
  await expect.poll(() => server.pair.client.sent).toContain("ping");
  clock.advance(18_000);
  tell({ t: "leave", tab: "a" });
  expect(await hear("closed")).toMatchObject({ hub, code: 1006 });
  expect((await join(hub, "a")).link).not.toBe(link);
});

test("TB8 where tabs cannot talk to each other each client has its own connection", async () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  const server = new ScriptedServer();
  const clients = [0, 1].map(() =>
    connect({
      url: "https://s.test",
      kind: "note",
      name: "n1",
      WebSocket: server.WebSocket,
      transport: shared(),
    }),
  );
  await Promise.all(clients.map((client) => client.whenLive()));
  expect(server.pairs).toHaveLength(2);
  for (const client of clients) client.close();
});
