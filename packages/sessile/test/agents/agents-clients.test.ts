import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "../workerd/raw-socket.ts";
import { AgentsServer } from "./agents-server.ts";
import { clientContract } from "./client-contract.ts";
import { initialState, Scene } from "./client-scene.ts";
import { stockPackages } from "./stock-clients.ts";

let server: AgentsServer;
beforeAll(async () => {
  server = await AgentsServer.start();
});
afterAll(() => server?.stop());

test("AG8 WS28 what was under way on a connection that the session has ended is not taken, not even by the next instance", async () => {
  const name = server.name();
  const address = `${server.url}/agents/test-state-agent/${name}`;
  const ended = await RawSocket.open(address, { protocols: [] });
  await expect.poll(() => ended.frames.length).toBeGreaterThan(1);
  // Reads nothing, so that the close stays unanswered.
  ended.socket.pause();
  ended.socket.send(Buffer.from("binary"));
  await server.evict("TestStateAgent", name);
  ended.send({ type: "cf_agent_state", state: { ...initialState, count: 666 } });
  ended.socket.resume();
  expect((await ended.closed).code).toBe(4400);
  const own = await RawSocket.open(address);
  expect((await own.greet()).view?.state).toEqual(initialState);
  own.socket.close();
});

describe.each(stockPackages)("AgentClient $version", (stock) => {
  let scene: Scene;
  afterEach(() => scene.close());
  const open = () => {
    scene = new Scene(stock, server.host, server);
    return scene;
  };

  test.each(clientContract)("$title", ({ run }) => run(open()));

  test("AG3 AG12 a socket with the session's own subprotocol speaks that at the same address, and sees who else is here", async () => {
    const name = open().name();
    const socket = await RawSocket.open(`${server.url}/agents/test-state-agent/${name}`);
    const { view } = await socket.greet();
    expect(view?.state).toEqual(initialState);
    const watched = await scene.connect({ name, query: { user: "ada" } });
    const present = async (count: number) => {
      for (;;) {
        const presence = await socket.next("presence");
        if (presence.count === count) return presence.peers.map(({ actor }) => actor?.id ?? null);
      }
    };
    expect((await present(2)).sort()).toEqual(["ada", null]);
    watched.client.send(JSON.stringify({ typing: true }));
    expect(await socket.next("signal")).toMatchObject({
      from: { actor: { id: "ada" } },
      signal: { typing: true },
    });
    socket.send({ t: "signal", signal: { type: "cf_agent_state", state: { ...initialState, count: 666 } } });
    expect(await watched.first("signal")).toMatchObject({ signal: { type: "cf_agent_state" } });
    expect([watched.client.state, watched.all("close")]).toEqual([initialState, []]);
    watched.client.close();
    expect(await present(1)).toEqual([null]);
    socket.socket.close();
  });

  test("AG13 sockets of both protocols count as one session's", async () => {
    const name = open().name();
    const address = `${server.url}/agents/test-state-agent/${name}`;
    const own = await RawSocket.open(address);
    await own.greet();
    await scene.connect({ name });
    await scene.connect({ name });
    expect(await scene.watch({ name }).first("close")).toBe(1012);
    expect((await (await RawSocket.open(address)).closed).code).toBe(1012);
    own.socket.close();
  });
});
