import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Callable } from "../protocol/contract.ts";
import { callable, findCallable } from "./callable.ts";

class Counter {
  count = 0;
  readonly add = callable(z.tuple([z.number(), z.object({ note: z.string() }).optional()]), (by, options) => {
    expectTypeOf(by).toEqualTypeOf<number>();
    expectTypeOf(options).toEqualTypeOf<{ note: string } | undefined>();
    this.count += by;
    return this.count;
  });
  readonly later = callable(z.tuple([z.iso.date().transform((text) => new Date(text))]), async (day) =>
    day.getTime(),
  );
  readonly slow = callable(z.tuple([z.number().refine(async () => true)]), (by) => by);
}

test("OB29 a method with a schema takes what fits it, and refuses the rest by the argument's name", () => {
  const counter = new Counter();
  const add = findCallable(counter, "add");
  expect([add?.isAsync, add?.run(2, { note: "two" }), add?.run(1)]).toEqual([false, 2, 3]);
  for (const [args, field] of [
    [["a"], "args[0]"],
    [[1, { note: 7 }], "args[1].note"],
    [[1, { note: "" }, 3], "args"],
    [[], "args"],
  ] as const) {
    const refused = expect.objectContaining({ code: "bad_request", details: { field } });
    expect(() => add?.run(...args)).toThrow(refused);
  }
  expect(counter.count).toBe(3);
});

test("OB29 a schema may turn what was sent into something else; the types of both sides follow", async () => {
  const counter = new Counter();
  expectTypeOf(counter.later).toEqualTypeOf<Callable<[string], Promise<number>>>();
  const later = findCallable(counter, "later");
  expect([later?.isAsync, await later?.run("1970-01-02")]).toEqual([true, 86_400_000]);
  // @ts-expect-error -- not what the schema takes
  expect(() => counter.add("1")).toThrow("args[0]");
});

test("OB29 a schema that takes its time is a mistake of the kind", () => {
  expect(() => findCallable(new Counter(), "slow")?.run(1)).toThrow();
});
