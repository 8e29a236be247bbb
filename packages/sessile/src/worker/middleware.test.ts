import { expect, test } from "vitest";
import { type Middleware, refusedUpgrade, runMiddleware } from "./middleware.ts";

const context = {
  request: new Request("http://here/chat/a"),
  env: {},
  kind: "chat",
  name: "a",
  stash: new Map<string, unknown>(),
};
const run = (...chain: readonly Middleware[]) =>
  runMiddleware(chain, context, async (request) => new Response(`asked with ${request.headers.get("x-by")}`));

test("FR12: the first is outermost, and what it hands on reaches those inside", async () => {
  const order: string[] = [];
  const around =
    (name: string): Middleware =>
    async ({ request }, next) => {
      order.push(`${name} in`);
      const handed = new Request(request, {
        headers: { "x-by": `${request.headers.get("x-by") ?? ""}${name}` },
      });
      const response = await next(handed);
      order.push(`${name} out`);
      return response;
    };
  expect(await (await run(around("a"), around("b"))).text()).toBe("asked with ab");
  expect(order).toEqual(["a in", "b in", "b out", "a out"]);
});

test("FR12: a second next() throws where it is called, whether the first was awaited or not", async () => {
  for (const twice of [
    async (_: unknown, next: () => Promise<Response>) => {
      await next();
      return next();
    },
    async (_: unknown, next: () => Promise<Response>) => {
      const first = next();
      expect(() => next()).toThrow("twice");
      await first;
      throw new TypeError("it called next() twice");
    },
  ])
    await expect(run(twice)).rejects.toThrow("twice");
});

test("FR12: one that answers nothing fails", async () => {
  await expect(run((() => undefined) as unknown as Middleware)).rejects.toThrow("no Response");
});

test.each([
  [401, "unauthenticated"],
  [403, "forbidden"],
  [404, "not_found"],
  [429, "unavailable"],
  [500, "unavailable"],
  [302, "forbidden"],
])("FR13: a refusal of a socket with %i is %s", (status, code) => {
  expect(refusedUpgrade(status).code).toBe(code);
});
