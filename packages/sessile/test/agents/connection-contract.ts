import { equal } from "../../src/testing/contract-checks.ts";
import { type ClientCase, initialState, refusal } from "./client-scene.ts";
import { framesOf } from "./stock-clients.ts";

/** How stock clients connect, are refused and come back. */
export const connectionContract: readonly ClientCase[] = [
  {
    title: "AG1 a client is told who it is connected to, then the state, which is undefined until then",
    run: async (scene) => {
      const name = scene.name();
      const watched = scene.watch({ name });
      const { client } = watched;
      const frames = framesOf(client);
      equal([client.identified, client.state === undefined], [false, true], "before the first frame");
      await client.ready;
      await watched.first("state from server");
      equal([client.agent, client.name, client.identified], ["test-state-agent", name, true], "the identity");
      equal(client.state, initialState, "the state");
      const identity = { type: "cf_agent_identity", name, agent: "test-state-agent", stateFollows: true };
      equal(frames, [identity, { type: "cf_agent_state", state: initialState }], "the frames");
    },
  },
  {
    title: "AG1 without a name it is the session called default",
    run: async (scene) => {
      const { client } = scene.watch();
      await client.ready;
      equal(client.name, "default", "the name");
    },
  },
  {
    title: "AG1 AG14 a client that reconnects is identified anew, as who it was",
    run: async (scene) => {
      const name = scene.name();
      const watched = await scene.connect({ name });
      const { client } = watched;
      client.reconnect();
      await watched.until(() => !client.identified);
      await client.ready;
      const same = `test-state-agent/${name}`;
      equal([watched.all("identity"), watched.all("other session")], [[same, same], []], "the identities");
    },
  },
  {
    title: "AG2 a kind answers to its own name and to its binding's",
    run: async (scene) => {
      const name = scene.name();
      const byBinding = await scene.connect({ agent: "TEST_CALLABLE_AGENT", name });
      const byKind = await scene.connect({ agent: "callables", name });
      const agents = [byBinding.client.agent, byKind.client.agent];
      equal(agents, ["test-callable-agent", "callables"], "what was asked for");
      await byBinding.client.call("setValue", [7]);
      await byKind.showing({ value: 7 });
    },
  },
  {
    title: "AG3 the pretty address and addresses of the app's own serve them too",
    run: async (scene) => {
      const name = scene.name();
      const pretty = await scene.connect({ basePath: `states/${name}` });
      equal([pretty.client.agent, pretty.client.name], ["test-state-agent", name], "the pretty address");
      const custom = await scene.connect({ basePath: `custom-state/${name}` });
      custom.client.setState({ ...initialState, count: 3 });
      await pretty.showing({ ...initialState, count: 3 });
      const user = await scene.connect({ basePath: "user", path: "deeper/still" });
      equal([user.client.agent, user.client.name], ["test-state-agent", "auth-user"], "the app's own");
    },
  },
  {
    title: "AG3 an address that leads to another session meanwhile says so",
    run: async (scene) => {
      const watched = await scene.connect({ basePath: "rotating" });
      const { client } = watched;
      const first = client.name;
      client.reconnect();
      equal(await watched.first("other session"), [first, client.name], "the names before and after");
      equal(first === client.name, false, "one name for both");
    },
  },
  {
    title: "AG15 plain requests go to the kind's onRequest, with what follows the name as their path",
    run: async (scene) => {
      const name = scene.name();
      const state = await scene.fetch({ name, path: "state" });
      equal(await state.json(), { state: initialState }, "the state");
      const echoed = await scene.fetch({ name, path: "echo" }, { method: "POST", body: "hello" });
      equal(await echoed.json(), { method: "POST", body: "hello", path: "/echo" }, "the request");
      const based = await scene.fetch({ basePath: `states/${name}`, path: "state" });
      equal(await based.json(), { state: initialState }, "the state by the pretty address");
      const missing = [await scene.fetch({ name }), await scene.fetch({ name, path: "nothing" })];
      equal(
        missing.map(({ status }) => status),
        [404, 404],
        "what is not there",
      );
    },
  },
  {
    title: "AG15 they need the rights of the session",
    run: async (scene) => {
      const name = scene.name();
      const as = async (user: string, method: string) =>
        (await scene.fetch({ name, path: "echo" }, { method, headers: { "x-test-user": user } })).status;
      equal(await as("stranger", "GET"), 403, "a stranger");
      equal([await as("reader", "GET"), await as("reader", "POST")], [200, 403], "a reader");
    },
  },
  {
    title: "AG14 a refusal is a close that a client does not retry",
    run: async (scene) => {
      for (const [options, code] of [
        [{ agent: "nobody" }, 4404],
        [{ name: "no name" }, 4400],
        [{ query: { user: "stranger", ignored: null } }, 4403],
        [{ path: "sub/child/one" }, 4404],
      ] as const) {
        const watched = scene.watch({ name: scene.name(), ...options });
        equal(await watched.first("connection error"), code, `the close of ${JSON.stringify(options)}`);
        equal(watched.all("open").length, 1, "connections");
        equal(await refusal(watched.client.call("add", [1, 1])), "Connection closed", "a call");
      }
    },
  },
  {
    title: "AG14 1008 and 4001 from the kind itself are terminal and reject what waits",
    run: async (scene) => {
      for (const code of [1008, 4001]) {
        const watched = await scene.callables();
        const hanging = refusal(watched.client.call("hang"));
        watched.client.call("closeConnectionsForTest", [code, "bye"]).catch(() => {});
        equal(await watched.first("connection error"), code, "the close");
        equal(await hanging, "Connection closed", "the call that hung");
        equal(watched.client.connectionError?.reason, "bye", "the reason");
      }
    },
  },
  {
    title: "AG14 after any other close the client comes back to the state as it is",
    run: async (scene) => {
      const [one, two] = await scene.pair();
      // workerd closes a socket that never sent anything only when the object sleeps.
      await two.client.call("increment", [0]);
      one.client.call("dropAll", [1011, "again"]).catch(() => {});
      await two.first("close");
      await two.client.call("increment", [1]);
      await one.showing({ ...initialState, count: 1 });
      equal(one.all("identity").length > 1, true, "identified again");
      equal(one.client.connectionError, null, "an error");
    },
  },
];
