import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SessileError } from "../../protocol/error.ts";
import { untilStored } from "./until-stored.ts";

const waits: number[] = [];

beforeEach(() => {
  waits.length = 0;
  vi.stubGlobal("scheduler", { wait: async (ms: number) => void waits.push(ms) });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Throws one after the other, then stores. */
function store(...failures: readonly unknown[]): () => string {
  const left = [...failures];
  return () => {
    if (left.length > 0) throw left.shift();
    return "stored";
  };
}

const away = new SessileError("unavailable", "Not now.");
const broken = new Error("disk I/O error");

test("a store that is away is asked every second, however long", async () => {
  const reported = vi.fn();
  expect(await untilStored(store(...Array<unknown>(100).fill(away)), reported)).toBe("stored");
  expect(waits).toEqual(Array(100).fill(1000));
  expect(reported).not.toHaveBeenCalled();
});

test("what else fails is tried seven times, each time later", async () => {
  const reported = vi.fn();
  expect(await untilStored(store(...Array<unknown>(6).fill(broken)), reported)).toBe("stored");
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
  expect(reported).toHaveBeenCalledTimes(6);
  await expect(untilStored(store(...Array<unknown>(7).fill(broken)), reported)).rejects.toBe(broken);
});

test("a store that was away for long has as many tries as any", async () => {
  const failures = [...Array<unknown>(20).fill(away), broken, away, broken];
  expect(await untilStored(store(...failures), () => {})).toBe("stored");
  expect(waits.slice(20)).toEqual([1000, 1000, 2000]);
});

test("a refusal for good is thrown at once", async () => {
  const refusal = new SessileError("not_writable", "It is archived.");
  await expect(untilStored(store(refusal), () => {})).rejects.toBe(refusal);
  expect(waits).toEqual([]);
});
