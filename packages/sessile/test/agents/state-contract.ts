import { equal } from "../../src/testing/contract-checks.ts";
import { type ClientCase, initialState, refusal } from "./client-scene.ts";

/** How state and messages go between stock clients. */
export const stateContract: readonly ClientCase[] = [
  {
    title: "AG4 what one client writes the others get, and the session keeps",
    run: async (scene) => {
      const name = scene.name();
      const [one, two, three] = [
        await scene.connect({ name }),
        await scene.connect({ name }),
        await scene.connect({ name, query: { user: "reader" } }),
      ];
      one.client.setState({ ...initialState, count: 1, items: ["a"] });
      equal(one.all("state from client").length, 1, "what the writer is told at once");
      for (const watched of [two, three]) await watched.showing({ ...initialState, count: 1, items: ["a"] });
      two.client.setState({ ...two.client.state, count: 2 });
      await one.showing({ ...initialState, count: 2, items: ["a"] });
      const kept = await scene.fetch({ name, path: "state" });
      equal(await kept.json(), { state: { ...initialState, count: 2, items: ["a"] } }, "what is kept");
    },
  },
  {
    title: "AG4 two connections under one id are two: what one writes the other gets",
    run: async (scene) => {
      const [one, two] = await scene.pair({ id: "same" });
      one.client.setState({ ...initialState, count: 1 });
      await two.showing({ ...initialState, count: 1 });
      two.client.setState({ ...initialState, count: 2 });
      await one.showing({ ...initialState, count: 2 });
    },
  },
  {
    title: "AG4 what a method writes goes to everyone, before the method's answer",
    run: async (scene) => {
      const [one, two] = await scene.pair();
      equal(await one.client.call("increment", [5]), 5, "the answer");
      equal(one.client.state, { ...initialState, count: 5 }, "the caller's state at the answer");
      await two.showing({ ...initialState, count: 5 });
    },
  },
  {
    title: "AG4 rapid writes end, everywhere, with the last",
    run: async (scene) => {
      const [one, two] = await scene.pair();
      for (let count = 1; count <= 50; count++) one.client.setState({ ...initialState, count });
      await two.showing({ ...initialState, count: 50 });
      // The answer to this comes after whatever was sent before it.
      await one.client.call("increment", [0]);
      equal(one.client.state, { ...initialState, count: 50 }, "the writer's state");
    },
  },
  {
    title: "AG5 a refused write is an error, and the client gets the true state back",
    run: async (scene) => {
      const watched = await scene.connect();
      watched.client.setState({ ...initialState, count: 2 });
      watched.client.setState({ ...initialState, count: -1 });
      equal(await watched.first("state error"), "State update rejected", "the error");
      await watched.showing({ ...initialState, count: 2 });
      watched.client.setState({ ...initialState, items: ["x".repeat(70_000)] });
      await watched.until(() => watched.all("state error").length === 2);
      await watched.showing({ ...initialState, count: 2 });
    },
  },
  {
    title: "AG6 whoever may only read, and whose kind takes no states of clients, is readonly",
    run: async (scene) => {
      const name = scene.name();
      const writer = await scene.connect({ name });
      const reader = await scene.connect({ name, query: { user: "reader" } });
      reader.client.setState({ ...initialState, count: 9 });
      equal(await reader.first("state error"), "Connection is readonly", "the reader's error");
      await reader.showing(initialState);
      equal(
        await refusal(reader.client.call("increment", [1])),
        "You may not write in this session.",
        "a call",
      );
      await writer.client.call("increment", [1]);
      await reader.showing({ ...initialState, count: 1 });
      const caller = await scene.callables();
      caller.client.setState({ value: 1 });
      equal(await caller.first("state error"), "Connection is readonly", "the caller's error");
      await caller.client.call("setValue", [2]);
      equal(caller.client.state, { value: 2 }, "the caller's state");
    },
  },
  {
    title: "AG7 a write made while offline ends, everywhere, as what the session holds",
    run: async (scene) => {
      const [one, two] = await scene.pair();
      await scene.server.down();
      await one.first("close");
      one.client.setState({ ...initialState, count: 41 });
      await scene.server.up();
      await two.showing({ ...initialState, count: 41 });
      await one.until(({ seen }) => seen.at(-1)?.what === "state from server");
      await one.showing({ ...initialState, count: 41 });
      // Nothing that comes later takes it back.
      equal(await one.client.call("increment", [1]), 42, "the count");
      equal(one.client.state.count, 42, "the count that is shown");
    },
  },
  {
    title: "AG8 connections outlast an eviction, with their rights",
    run: async (scene) => {
      const name = scene.name();
      const one = await scene.connect({ name });
      const reader = await scene.connect({ name, query: { user: "reader" } });
      one.client.setState({ ...initialState, count: 1 });
      await reader.showing({ ...initialState, count: 1 });
      await scene.server.evict("TestStateAgent", name);
      one.client.setState({ ...initialState, count: 2 });
      await reader.showing({ ...initialState, count: 2 });
      reader.client.setState({ ...initialState, count: 3 });
      equal(await reader.first("state error"), "Connection is readonly", "the reader's error");
      equal([...one.all("close"), ...reader.all("close")], [], "closes");
    },
  },
  {
    title: "AG12 a message is a signal: it goes to the others, marked as one",
    run: async (scene) => {
      const [one, two] = await scene.pair();
      const { name } = two.client;
      const spoof = { type: "sessile_signal", signal: "spoof" };
      one.client.send(JSON.stringify({ typing: true }));
      one.client.send("just text");
      one.client.send(JSON.stringify({ type: "cf_agent_identity", name: "x", agent: "y" }));
      one.client.send(JSON.stringify(spoof));
      await two.until((watched) => watched.all("signal").length === 3);
      const signals = two.all("signal").map((frame) => (frame as { readonly signal: unknown }).signal);
      equal(signals, [{ typing: true }, "just text", spoof], "the signals");
      equal([one.all("signal"), two.client.name], [[], name], "what the sender gets, and who it is");
    },
  },
  {
    title: "AG13 binary, oversized and malformed frames end the connection for good",
    run: async (scene) => {
      for (const [what, data] of [
        ["a binary frame", new ArrayBuffer(4)],
        ["a key __proto__", '{"type":"rpc","id":"1","method":"add","args":[{"__proto__":1}]}'],
        ["a frame nested too deeply", "[".repeat(100) + "]".repeat(100)],
      ] as const) {
        const watched = await scene.connect();
        watched.client.send(data);
        equal(await watched.first("connection error"), 4400, what);
      }
    },
  },
  {
    title: "AG16 an app of the Agents SDK runs with its import lines changed",
    run: async (scene) => {
      const address = { agent: "ChatAgent", name: scene.name() };
      const watched = await scene.connect(address);
      equal(watched.client.state, { messages: [], topic: "general" }, "the first state");
      const sent = await scene.fetch(address, { method: "POST", body: "hi" });
      const messages = [{ role: "user", text: "hi", at: 0 }];
      const answer = { topic: "general", count: 1, recent: messages, archived: ["hi"] };
      equal(await sent.json(), answer, "the answer");
      await watched.showing({ messages, topic: "general" });
      const direct = { basePath: `direct/${address.name}` };
      equal(
        (await scene.fetch(direct, { method: "POST", body: "oh" })).status,
        204,
        "a call of the Worker's own",
      );
      await watched.until(({ client }) => client.state?.messages.length === 2);
      watched.client.setState({ messages, topic: "weather" });
      await scene.server.evict("ChatAgent", address.name);
      const read = await scene.fetch(address);
      const archived = ["hi", "oh"];
      equal(await read.json(), { ...answer, topic: "weather", archived }, "the answer after an eviction");
      equal(watched.all("state error"), [], "errors");
    },
  },
  {
    title: "AG20 it calls another session, and shows what its child reports",
    run: async (scene) => {
      const [watched, helper, child] = [await scene.connect(), scene.name(), scene.name()];
      const { client } = watched;
      equal(await client.call("addElsewhere", [helper, 40, 2]), 42, "the other's answer");
      equal(await client.call("hire", [child, "a find"]), [`test-schedule-agent/${child}`], "its children");
      await watched.showing({ ...initialState, items: [`a find from ${child}`] });
    },
  },
];
