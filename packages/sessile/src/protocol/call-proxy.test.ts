import { expect, test } from "vitest";
import { callProxy } from "./call-proxy.ts";
import type { Callable } from "./contract.ts";

interface Board {
  readonly move: Callable<[from?: string, to?: string, steps?: number]>;
}

test("CL25 an argument left out at the end is not sent, one left out before others is null", async () => {
  const call = callProxy<Board>(async (method, args) => [method, ...args]);
  expect(await call.move("a", undefined)).toEqual(["move", "a"]);
  expect(await call.move(undefined, "b", undefined)).toEqual(["move", null, "b"]);
  expect(await call.move(undefined)).toEqual(["move"]);
});
