import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
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

describe.each(stockPackages)("calls of agents $version", (stock) => {
  const watch = (options: object = {}): Watched => {
    const address = { host: server.host, agent: "TestCallableAgent", name: server.name() };
    const watched = new Watched(stock, { ...address, ...options });
    open.push(watched);
    return watched;
  };
  const callables = async (options: object = {}): Promise<Watched> => {
    const watched = watch(options);
    await watched.client.ready;
    return watched;
  };

  test("AG9 a call is answered with what its method returns", async () => {
    const { client } = await callables();
    expect(await client.call("add", [2, 3])).toBe(5);
    expect(await client.stub.add?.(20, 22)).toBe(42);
    expect(await client.call("asyncMethod", [1])).toBe("done");
    expect(await client.call("voidMethod")).toBeUndefined();
    expect(await client.call("returnNull")).toBeNull();
    expect(await client.call("returnUndefined")).toBeUndefined();
    const many = Array.from({ length: 20 }, (_, n) => client.call("add", [n, n]));
    expect(await Promise.all(many)).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n));
  });

  test("AG9 an error is told by its message, a failure inside by nothing of it", async () => {
    const { client } = await callables();
    await expect(client.call("throwError", ["Custom error"])).rejects.toThrow("Custom error");
    await expect(client.call("delayedThrow", [1])).rejects.toThrow("Delayed error");
    const failed = client.call("failInside").catch((error: Error) => error.message);
    expect(await failed).not.toMatch(/SELECT|secret|inside/);
  });

  test("AG9 only marked methods are reached, whatever the name", async () => {
    const { client } = await callables();
    for (const name of [
      "privateMethod",
      "nonExistent",
      "setState",
      "constructor",
      "__proto__",
      "onRequest",
      "",
    ])
      await expect(client.call(name)).rejects.toThrow(`Method ${name} is not callable`);
  });

  test("AG10 a streaming method's chunks come in order, and end with its end or what it returns", async () => {
    const { client } = await callables();
    const streamed = async (method: string, args: readonly unknown[]) => {
      const chunks: unknown[] = [];
      const done: unknown[] = [];
      const stream = {
        onChunk: (chunk: unknown) => chunks.push(chunk),
        onDone: (last: unknown) => done.push(last),
      };
      return { result: await client.call(method, args, { stream }), chunks, done };
    };
    expect(await streamed("streamNumbers", [4])).toEqual({ result: 4, chunks: [1, 2, 3, 4], done: [4] });
    expect(await streamed("streamWithDelay", [["a", "b"], 1])).toEqual({
      result: "complete",
      chunks: ["a", "b"],
      done: ["complete"],
    });
    expect(await streamed("streamReturning", [{ x: 1 }])).toEqual({
      result: { x: 1 },
      chunks: ["first"],
      done: [{ x: 1 }],
    });
    expect(await streamed("streamDoubleClose", [])).toEqual({
      result: "first-end",
      chunks: ["chunk1"],
      done: ["first-end"],
    });
  });

  test.each([
    ["streamError", "Stream error", ["chunk1"]],
    ["streamGracefulError", "Graceful error", ["chunk1"]],
    ["streamThrowsImmediately", "Immediate error", []],
  ])("AG10 %s ends with its error", async (method, message, expected) => {
    const { client } = await callables();
    const chunks: unknown[] = [];
    const errors: unknown[] = [];
    const stream = {
      onChunk: (chunk: unknown) => chunks.push(chunk),
      onError: (error: unknown) => errors.push(error),
    };
    await expect(client.call(method, [], { stream })).rejects.toThrow(message);
    expect([chunks, errors]).toEqual([expected, [message]]);
  });

  test("AG10 whoever may only read streams nothing", async () => {
    const { client } = await callables({ query: { user: "reader" } });
    await expect(client.call("streamNumbers", [1], { stream: {} })).rejects.toThrow("You may not write");
  });

  test("AG11 a streaming method learns that its caller is gone", async () => {
    const name = server.name();
    const [one, two] = [await callables({ name }), await callables({ name })];
    const begun = Promise.withResolvers<void>();
    const call = one.client.call("streamUntilGone", [], { stream: { onChunk: () => begun.resolve() } });
    call.catch(() => {});
    await begun.promise;
    one.client.close();
    await expect.poll(() => two.client.call("endedStreams"), { timeout: 10_000 }).toBe(1);
  });

  test("AG11 calls whose instance went are answered with an error", async () => {
    const name = server.name();
    const [one, two] = [await callables({ name }), await callables({ name })];
    const begun = Promise.withResolvers<void>();
    const streamed = one.client.call("streamForever", [], { stream: { onChunk: () => begun.resolve() } });
    const refused = expect(streamed).rejects.toThrow("The session restarted before this call ended.");
    await begun.promise;
    await server.evict("TestCallables", name);
    await two.client.call("add", [1, 1]);
    await refused;
    expect(one.all("close")).toEqual([]);
  });

  test("AG11 at most 64 calls of a client run at a time", async () => {
    const watched = await callables();
    for (let n = 0; n < 65; n++) watched.client.call("hang").catch(() => {});
    expect(await watched.first("close")).toBe(1012);
  });

  test("AG9 a call given before the connection is there is sent once it is", async () => {
    expect(await watch().client.call("add", [1, 2])).toBe(3);
  });

  test("AG9 a call that its client gave up on disturbs none after it", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { client } = await callables();
    await expect(client.call("hang", [], { timeout: 20 })).rejects.toThrow(/timed out/);
    await expect(client.call("asyncMethod", [60], { timeout: 20 })).rejects.toThrow(/timed out/);
    expect(await client.call("add", [2, 2])).toBe(4);
    expect(await client.call("asyncMethod", [80])).toBe("done");
    // The late answer found nobody, and was nobody else's.
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("no matching pending call"));
    warned.mockRestore();
  });

  test("AG9 AG14 what waited when the connection was lost is rejected, and the next connection takes calls", async () => {
    const watched = await callables();
    const hanging = expect(watched.client.call("hang")).rejects.toThrow("Connection closed");
    watched.client.reconnect();
    await hanging;
    expect(await watched.client.call("add", [3, 3])).toBe(6);
  });

  test("AG10 streams of one client at a time do not mix, with calls between them", async () => {
    const { client } = await callables();
    const streamed = async (letter: string) => {
      const chunks: unknown[] = [];
      const stream = { onChunk: (chunk: unknown) => chunks.push(chunk) };
      const sent = ["1", "2", "3"].map((n) => letter + n);
      expect(await client.call("streamWithDelay", [sent, 2], { stream })).toBe("complete");
      expect(chunks).toEqual(sent);
    };
    const sums = [1, 2, 3].map((n) => client.call("add", [n, n]));
    await Promise.all(["a", "b", "c", "d"].map(streamed));
    expect(await Promise.all(sums)).toEqual([2, 4, 6]);
  });
});
