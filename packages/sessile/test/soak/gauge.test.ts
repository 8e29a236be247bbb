import { expect, test } from "vitest";
import { type Reading, trendsOf } from "./gauge.ts";

function readings(serverMb: (n: number) => number, serverFiles: (n: number) => number): Reading[] {
  return Array.from({ length: 40 }, (_, n) => ({
    atMs: n * 20_000,
    serverMb: serverMb(n),
    serverFiles: serverFiles(n),
    nodeMb: 50,
    nodeFiles: null,
  }));
}

test("what grows all the time is told from what only warms up, or goes up and down", () => {
  const steady = readings(
    (n) => Math.min(200, 100 + n * 10),
    (n) => 100 + (n % 5) * 4,
  );
  expect(trendsOf(steady).map(({ name, isFlat }) => [name, isFlat])).toEqual([
    ["serverMb", true],
    ["serverFiles", true],
    ["nodeMb", true],
  ]);
  const cleaned = readings(
    (n) => 100 + (n % 10) * 12,
    () => 100,
  );
  expect(trendsOf(cleaned).every(({ isFlat }) => isFlat)).toBe(true);
  const leaking = readings(
    (n) => 100 + n * 3,
    (n) => 100 + n * 10,
  );
  expect(trendsOf(leaking).filter(({ isFlat }) => !isFlat).length).toBe(2);
});
