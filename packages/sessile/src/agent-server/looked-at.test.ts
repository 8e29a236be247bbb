import { expect, test } from "vitest";
import { LookedAt } from "./looked-at.ts";

test("AX3 an instance is looked after once a minute, also when the clock was set back", () => {
  const lookedAt = new LookedAt(60_000);
  expect(lookedAt.look("a", 1_000_000)).toEqual({ isFirst: true });
  expect(lookedAt.look("a", 1_059_999)).toBeNull();
  expect(lookedAt.look("a", 1_060_000)).toEqual({ isFirst: false });
  expect(lookedAt.look("a", 100)).toEqual({ isFirst: false });
  expect(lookedAt.look("a", 59_000)).toBeNull();
  lookedAt.forget("a");
  expect(lookedAt.look("a", 59_000)).toEqual({ isFirst: true });
});
