import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { RawSocket } from "../workerd/raw-socket.ts";
import { AgentsServer } from "./agents-server.ts";
import { stockPackages, Watched } from "./stock-clients.ts";

let server: AgentsServer;
beforeAll(async () => {
  server = await AgentsServer.start();
});
afterAll(() => server?.stop());

const open: Watched[] = [];
afterEach(() => {
  for (const { client } of open.splice(0)) client.close();
});

const initial = { count: 0, items: [], lastUpdated: null };

describe.each(stockPackages)("agents $version", (stock) => {
  const watch = (options: object = {}): Watched => {
    const watched = new Watched(stock, { host: server.host, agent: "TestStateAgent", ...options });
    open.push(watched);
    return watched;
  };
  /** Connected, with its first state. */
  const connect = async (options: object = {}): Promise<Watched> => {
    const watched = watch(options);
    await watched.client.ready;
    await watched.first("state from server");
    return watched;
  };
  const callables = (options: object = {}) =>
    connect({ agent: "TestCallableAgent", name: server.name(), ...options });

  describe("identity", () => {
    test("AG1 a client is told who it is connected to, then the state", async () => {
      const name = server.name();
      const watched = watch({ name });
      const frames: unknown[] = [];
      watched.client.addEventListener("message", (event) =>
        frames.push(JSON.parse((event as MessageEvent<string>).data)),
      );
      await watched.client.ready;
      await watched.first("state from server");
      const { client } = watched;
      expect([client.agent, client.name, client.identified]).toEqual(["test-state-agent", name, true]);
      expect(client.state).toEqual(initial);
      expect(frames).toEqual([
        { type: "cf_agent_identity", name, agent: "test-state-agent", stateFollows: true },
        { type: "cf_agent_state", state: initial },
      ]);
    });

    test("AG1 without a name it is the one called default", async () => {
      expect((await connect()).client.name).toBe("default");
    });

    test("AG2 a kind answers to its own name and to its binding's", async () => {
      const name = server.name();
      const byBinding = await connect({ agent: "TEST_CALLABLE_AGENT", name });
      const byKind = await connect({ agent: "callables", name });
      expect([byBinding.client.agent, byKind.client.agent]).toEqual(["test-callable-agent", "callables"]);
      await byBinding.client.call("setValue", [7]);
      await byKind.showing({ value: 7 });
    });

    test("AG3 the pretty address and addresses of the app's own serve them too", async () => {
      const name = server.name();
      const pretty = await connect({ basePath: `states/${name}` });
      expect([pretty.client.agent, pretty.client.name]).toEqual(["test-state-agent", name]);
      const custom = await connect({ basePath: `custom-state/${name}` });
      custom.client.setState({ ...initial, count: 3 });
      await pretty.showing({ ...initial, count: 3 });
      const user = await connect({ basePath: "user", path: "deeper/still" });
      expect([user.client.agent, user.client.name]).toEqual(["test-state-agent", "auth-user"]);
    });

    test("AG3 AG12 a socket with the session's own subprotocol speaks that at the same address, and sees who else is here", async () => {
      const name = server.name();
      const socket = await RawSocket.open(`${server.url}/agents/test-state-agent/${name}`);
      const { view } = await socket.greet();
      expect(view?.state).toEqual(initial);
      const { client, ...watched } = await connect({ name, query: { user: "ada" } });
      const present = async (count: number) => {
        for (;;) {
          const presence = await socket.next("presence");
          if (presence.count === count) return presence.peers.map(({ actor }) => actor?.id ?? null);
        }
      };
      expect((await present(2)).sort()).toEqual(["ada", null]);
      client.send(JSON.stringify({ typing: true }));
      expect(await socket.next("signal")).toMatchObject({
        from: { actor: { id: "ada" } },
        signal: { typing: true },
      });
      socket.send({ t: "signal", signal: { type: "cf_agent_state", state: { ...initial, count: 666 } } });
      const one = open.at(-1) as Watched;
      expect(await one.first("signal")).toMatchObject({ signal: { type: "cf_agent_state" } });
      expect([client.state, watched.seen.some(({ what }) => what === "close")]).toEqual([initial, false]);
      client.close();
      expect(await present(1)).toEqual([null]);
      socket.socket.close();
    });
  });

  describe("state", () => {
    test("AG4 what one client writes the others get, and the session keeps", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      one.client.setState({ ...initial, count: 1, items: ["a"] });
      await two.showing({ ...initial, count: 1, items: ["a"] });
      two.client.setState({ ...initial, count: 2 });
      await one.showing({ ...initial, count: 2 });
      const body = await (
        await stock.agentFetch({ host: server.host, agent: "TestStateAgent", name, path: "state" })
      ).json();
      expect(body).toEqual({ state: { ...initial, count: 2 } });
    });

    test("AG4 what a method writes goes to everyone, before the method's answer", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      expect(await one.client.call("increment", [5])).toBe(5);
      expect(one.client.state).toEqual({ ...initial, count: 5 });
      await two.showing({ ...initial, count: 5 });
    });

    test("AG4 rapid writes end, everywhere, with the last", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      for (let count = 1; count <= 50; count++) one.client.setState({ ...initial, count });
      await two.showing({ ...initial, count: 50 });
      // The answer to this comes after whatever was sent before it.
      await one.client.call("increment", [0]);
      expect(one.client.state).toEqual({ ...initial, count: 50 });
    });

    test("AG5 a refused write is an error, and the client gets the true state back", async () => {
      const { client, ...watched } = await connect({ name: server.name() });
      client.setState({ ...initial, count: 2 });
      client.setState({ ...initial, count: -1 });
      const again = open.at(-1) as Watched;
      expect(await again.first("state error")).toBe("State update rejected");
      await again.showing({ ...initial, count: 2 });
      expect(watched.seen.filter(({ what }) => what === "state error")).toHaveLength(1);
    });

    test("AG5 a state over the limit is refused alike", async () => {
      const watched = await connect({ name: server.name() });
      watched.client.setState({ ...initial, items: ["x".repeat(70_000)] });
      expect(await watched.first("state error")).toBe("State update rejected");
      await watched.showing(initial);
    });

    test("AG6 whoever may only read, and whose kind takes no states of clients, is readonly", async () => {
      const name = server.name();
      const writer = await connect({ name });
      const reader = await connect({ name, query: { user: "reader" } });
      reader.client.setState({ ...initial, count: 9 });
      expect(await reader.first("state error")).toBe("Connection is readonly");
      await reader.showing(initial);
      await expect(reader.client.call("increment", [1])).rejects.toThrow("You may not write");
      await writer.client.call("increment", [1]);
      await reader.showing({ ...initial, count: 1 });
      const caller = await callables();
      caller.client.setState({ value: 1 });
      expect(await caller.first("state error")).toBe("Connection is readonly");
      await caller.client.call("setValue", [2]);
      expect(caller.client.state).toEqual({ value: 2 });
    });

    test("AG7 a write made while offline ends, everywhere, as what the session holds", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      await server.restart(async () => {
        await one.first("close");
        one.client.setState({ ...initial, count: 41 });
      });
      await two.showing({ ...initial, count: 41 });
      await one.until(({ seen }) => seen.at(-1)?.what === "state from server");
      await one.showing({ ...initial, count: 41 });
      // Nothing that comes later takes it back.
      expect(await one.client.call("increment", [1])).toBe(42);
      expect(one.client.state.count).toBe(42);
    });

    test("AG8 connections outlast an eviction", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name, query: { user: "reader" } })];
      one.client.setState({ ...initial, count: 1 });
      await two.showing({ ...initial, count: 1 });
      await server.evict("TestStateAgent", name);
      one.client.setState({ ...initial, count: 2 });
      await two.showing({ ...initial, count: 2 });
      two.client.setState({ ...initial, count: 3 });
      expect(await two.first("state error")).toBe("Connection is readonly");
      expect([...one.all("close"), ...two.all("close")]).toEqual([]);
    });
  });

  describe("messages", () => {
    test("AG12 a message is a signal: it goes to the others, marked as one", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      const spoof = { type: "sessile_signal", signal: "spoof" };
      one.client.send(JSON.stringify({ typing: true }));
      one.client.send("just text");
      one.client.send(JSON.stringify({ type: "cf_agent_identity", name: "x", agent: "y" }));
      one.client.send(JSON.stringify(spoof));
      await two.until((watched) => watched.all("signal").length === 3);
      expect(two.all("signal").map((frame) => (frame as { signal: unknown }).signal)).toEqual([
        { typing: true },
        "just text",
        spoof,
      ]);
      expect([one.all("signal"), two.client.name]).toEqual([[], name]);
    });

    test.each([
      ["a binary frame", new ArrayBuffer(4)],
      ["a key __proto__", '{"type":"rpc","id":"1","method":"add","args":[{"__proto__":1}]}'],
      ["a frame nested too deeply", "[".repeat(100) + "]".repeat(100)],
    ])("AG13 %s ends the connection for good", async (_what, data) => {
      const watched = await connect({ name: server.name() });
      watched.client.send(data);
      expect(await watched.first("connection error")).toBe(4400);
    });
  });

  test("AG13 sockets of both protocols count as one session's", async () => {
    const name = server.name();
    const address = `${server.url}/agents/test-state-agent/${name}`;
    const own = await RawSocket.open(address);
    await own.greet();
    await connect({ name });
    await connect({ name });
    expect(await watch({ name }).first("close")).toBe(1012);
    expect((await (await RawSocket.open(address)).closed).code).toBe(1012);
    own.socket.close();
  });

  describe("closes", () => {
    test.each([
      ["a kind that is not there", { agent: "nobody" }, 4404],
      ["a name that is none", { name: "no name" }, 4400],
      ["whoever may not read", { query: { user: "stranger" } }, 4403],
      ["a sub-agent", { path: "sub/child/one" }, 4404],
    ])("AG14 %s is refused by a close that a client does not retry", async (_what, options, code) => {
      const watched = watch({ name: server.name(), ...options });
      expect(await watched.first("connection error")).toBe(code);
      expect(watched.all("open").length).toBe(1);
      await expect(watched.client.call("add", [1, 1])).rejects.toThrow("Connection closed");
    });

    test.each([1008, 4001])(
      "AG14 %i from the kind itself is terminal and rejects what waits",
      async (code) => {
        const watched = await callables();
        const hanging = watched.client.call("hang");
        const rejected = expect(hanging).rejects.toThrow("Connection closed");
        watched.client.call("closeConnectionsForTest", [code, "bye"]).catch(() => {});
        expect(await watched.first("connection error")).toBe(code);
        await rejected;
        expect(watched.client.connectionError).toMatchObject({ code, reason: "bye" });
      },
    );

    test("AG14 after any other close the client comes back to the state as it is", async () => {
      const name = server.name();
      const [one, two] = [await connect({ name }), await connect({ name })];
      // workerd closes a socket that never sent anything only when the object sleeps.
      await two.client.call("increment", [0]);
      one.client.call("dropAll", [1011, "again"]).catch(() => {});
      await two.first("close");
      await two.client.call("increment", [1]);
      await one.showing({ ...initial, count: 1 });
      expect(one.all("identity").length).toBeGreaterThan(1);
      expect(one.client.connectionError).toBeNull();
    });
  });

  describe("requests", () => {
    const ask = (path: string | undefined, init?: RequestInit, name = server.name()) =>
      stock.agentFetch({ host: server.host, agent: "TestStateAgent", name, ...(path ? { path } : {}) }, init);

    test("AG15 plain requests go to the kind's onRequest, with what follows the name as their path", async () => {
      expect(await (await ask("state")).json()).toEqual({ state: initial });
      const echoed = await ask("echo", { method: "POST", body: "hello" });
      expect(await echoed.json()).toEqual({ method: "POST", body: "hello", path: "/echo" });
      expect([(await ask(undefined)).status, (await ask("nothing")).status]).toEqual([404, 404]);
    });

    test("AG15 they need the rights of the session", async () => {
      const as = (user: string, method: string) => ask("echo", { method, headers: { "x-test-user": user } });
      const statuses = [
        ["stranger", "GET"],
        ["reader", "GET"],
        ["reader", "POST"],
      ] as const;
      const answers = await Promise.all(
        statuses.map(async ([user, method]) => (await as(user, method)).status),
      );
      expect(answers).toEqual([403, 200, 403]);
    });

    test("AG16 an app of the Agents SDK runs with its import lines changed", async () => {
      const name = server.name();
      const { client, ...watched } = await connect({ agent: "ChatAgent", name });
      expect(client.state).toEqual({ messages: [], topic: "general" });
      const sent = await stock.agentFetch(
        { host: server.host, agent: "ChatAgent", name },
        { method: "POST", body: "hi" },
      );
      const messages = [{ role: "user", text: "hi", at: 0 }];
      expect(await sent.json()).toEqual({ topic: "general", count: 1, recent: messages, archived: ["hi"] });
      await (open.at(-1) as Watched).showing({ messages, topic: "general" });
      client.setState({ messages, topic: "weather" });
      await server.evict("ChatAgent", name);
      const read = await stock.agentFetch({ host: server.host, agent: "ChatAgent", name });
      expect(await read.json()).toMatchObject({ topic: "weather", count: 1, archived: ["hi"] });
      expect(watched.seen.some(({ what }) => what === "state error")).toBe(false);
    });
  });
});
