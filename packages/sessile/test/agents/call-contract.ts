import { equal } from "../../src/testing/contract-checks.ts";
import { type ClientCase, refusal, warnings } from "./client-scene.ts";
import type { StockClient } from "./stock-clients.ts";

/** Everything that a streaming call tells. */
async function streamed(client: StockClient, method: string, args: readonly unknown[] = []) {
  const chunks: unknown[] = [];
  const ends: unknown[] = [];
  const errors: unknown[] = [];
  const stream = {
    onChunk: (chunk: unknown) => chunks.push(chunk),
    onDone: (last: unknown) => ends.push(last),
    onError: (error: unknown) => errors.push(error),
  };
  const call = client.call(method, args, { stream });
  const result = await call.catch((error: Error) => error.message);
  return { result, chunks, ends, errors };
}

/** How stock clients call methods. */
export const callContract: readonly ClientCase[] = [
  {
    title: "AG9 a call is answered with what its method returns",
    run: async (scene) => {
      const { client } = await scene.callables();
      equal(await client.call("add", [2, 3]), 5, "call");
      equal(await client.stub.add?.(20, 22), 42, "stub");
      equal(await client.call("asyncMethod", [1]), "done", "an asynchronous method");
      equal([await client.call("returnNull")], [null], "null");
      equal(typeof (await client.call("voidMethod")), "undefined", "nothing");
      equal(typeof (await client.call("returnUndefined")), "undefined", "undefined");
      const many = await Promise.all(Array.from({ length: 20 }, (_, n) => client.call("add", [n, n])));
      equal(
        many,
        Array.from({ length: 20 }, (_, n) => 2 * n),
        "many at once",
      );
    },
  },
  {
    title: "AG9 looking at the stub calls nothing",
    run: async (scene) => {
      const { client } = await scene.callables();
      const sent: unknown[] = [];
      const send = client.send.bind(client);
      client.send = (data) => {
        sent.push(data);
        send(data);
      };
      JSON.stringify({ stub: client.stub });
      equal(typeof (await client.stub), "object", "the stub, awaited");
      equal(sent, [], "what was sent");
      equal(await client.stub.add?.(1, 1), 2, "a call after it");
    },
  },
  {
    title: "AG9 an error is told by its message, a failure inside by nothing of it",
    run: async (scene) => {
      const { client } = await scene.callables();
      equal(await refusal(client.call("throwError", ["Custom error"])), "Custom error", "an error");
      equal(await refusal(client.call("delayedThrow", [1])), "Delayed error", "a late one");
      const failure = await refusal(client.call("failInside"));
      equal(/SELECT|secret|inside/.test(failure), false, `a failure told as ${failure}`);
    },
  },
  {
    title: "AG9 only marked methods are reached, whatever the name",
    run: async (scene) => {
      const { client } = await scene.callables();
      for (const name of ["privateMethod", "none", "setState", "constructor", "__proto__", "onRequest", ""])
        equal(await refusal(client.call(name)), `Method ${name} is not callable`, name);
    },
  },
  {
    title: "AG9 a call given before the connection is there, or while it is away, is sent once it is",
    run: async (scene) => {
      const watched = scene.watch({ agent: "TestCallableAgent", name: scene.name() });
      equal(await watched.client.call("add", [1, 2]), 3, "before");
      await scene.server.down();
      await watched.first("close");
      const waiting = watched.client.call("add", [3, 4]);
      await scene.server.up();
      equal(await waiting, 7, "while away");
    },
  },
  {
    title: "AG9 a call that its client gave up on disturbs none after it",
    run: async (scene) => {
      const { client } = await scene.callables({ defaultCallTimeout: 30 });
      const warned = await warnings(async () => {
        const calls = [client.call("hang"), client.call("asyncMethod", [200], { timeout: 20 })];
        for (const message of await Promise.all(calls.map(refusal)))
          equal(message.includes("timed out"), true, message);
        equal(await client.call("add", [2, 2], { timeout: 0 }), 4, "the next call");
        equal(await client.call("asyncMethod", [250], { timeout: 0 }), "done", "without a timeout");
        const { result } = await streamed(client, "streamWithDelay", [["a", "b"], 25]);
        equal(result, "complete", "a stream, which has none");
      });
      // The late answer found nobody, and was nobody else's.
      equal(warned.includes("no matching pending call"), true, `a warning in ${warned}`);
    },
  },
  {
    title:
      "AG9 AG14 what waited when the connection was lost is rejected, and the next connection takes calls",
    run: async (scene) => {
      const { client } = await scene.callables();
      const hanging = refusal(client.call("hang"));
      client.reconnect();
      equal(await hanging, "Connection closed", "the call that hung");
      equal(await client.call("add", [3, 3]), 6, "the next call");
      const last = refusal(client.call("hang"));
      client.close();
      equal(await last, "Connection closed", "the call of a client that closes");
    },
  },
  {
    title: "AG10 a streaming method's chunks come in order, and end with its end or what it returns",
    run: async (scene) => {
      const { client } = await scene.callables();
      for (const [method, args, chunks, last] of [
        ["streamNumbers", [4], [1, 2, 3, 4], 4],
        ["streamWithDelay", [["a", "b"], 1], ["a", "b"], "complete"],
        ["streamReturning", [{ x: 1 }], ["first"], { x: 1 }],
        ["streamDoubleClose", [], ["chunk1"], "first-end"],
      ] as const)
        equal(
          await streamed(client, method, args),
          { result: last, chunks, ends: [last], errors: [] },
          method,
        );
    },
  },
  {
    title: "AG10 a stream that fails ends with its error",
    run: async (scene) => {
      const { client } = await scene.callables();
      for (const [method, message, chunks] of [
        ["streamError", "Stream error", ["chunk1"]],
        ["streamGracefulError", "Graceful error", ["chunk1"]],
        ["streamThrowsImmediately", "Immediate error", []],
      ] as const)
        equal(
          await streamed(client, method),
          { result: message, chunks, ends: [], errors: [message] },
          method,
        );
      const reader = await scene.callables({ query: { user: "reader" } });
      const { result } = await streamed(reader.client, "streamNumbers", [1]);
      equal(result, "You may not write in this session.", "a reader's");
    },
  },
  {
    title: "AG10 streams of one client at a time do not mix, with calls between them",
    run: async (scene) => {
      const { client } = await scene.callables();
      const sums = [1, 2, 3].map((n) => client.call("add", [n, n]));
      const streams = ["a", "b", "c", "d"].map(async (letter) => {
        const sent = ["1", "2", "3"].map((n) => letter + n);
        equal((await streamed(client, "streamWithDelay", [sent, 2])).chunks, sent, `stream ${letter}`);
      });
      await Promise.all(streams);
      equal(await Promise.all(sums), [2, 4, 6], "the calls");
    },
  },
  {
    title: "AG11 a streaming method learns that its caller is gone",
    run: async (scene) => {
      const [one, two] = await scene.pair({ agent: "TestCallableAgent" });
      const begun = Promise.withResolvers<void>();
      const call = one.client.call("streamUntilGone", [], { stream: { onChunk: () => begun.resolve() } });
      call.catch(() => {});
      await begun.promise;
      one.client.close();
      equal(await two.client.call("endedStream"), 1, "streams that have ended");
    },
  },
  {
    title: "AG11 calls whose instance went are answered with an error",
    run: async (scene) => {
      const [one, two] = await scene.pair({ agent: "TestCallableAgent" });
      const begun = Promise.withResolvers<void>();
      const stream = { onChunk: () => begun.resolve() };
      const gone = refusal(one.client.call("streamForever", [], { stream }));
      await begun.promise;
      await scene.server.evict("TestCallables", one.client.name);
      await two.client.call("add", [1, 1]);
      equal(await gone, "The session restarted before this call ended.", "the answer");
      equal(one.all("close"), [], "closes");
    },
  },
  {
    title: "AG11 at most 64 calls of a client run at a time",
    run: async (scene) => {
      const watched = await scene.callables();
      for (let n = 0; n < 65; n++) watched.client.call("hang").catch(() => {});
      equal(await watched.first("close"), 1012, "the close");
    },
  },
];
