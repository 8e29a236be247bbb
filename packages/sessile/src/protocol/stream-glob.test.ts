import { expect, test } from "vitest";
import { literalPrefix, matchesGlob } from "./stream-glob.ts";

test.each([
  ["events/*", "events/a", true],
  ["events/*", "events/a/b", false],
  ["events/*", "events", false],
  ["events/*", "events/", false],
  ["events/*/done", "events/a/done", true],
  ["events/**", "events", true],
  ["events/**", "events/a/b/c", true],
  ["events/**", "event/a", false],
  ["**/done", "done", true],
  ["**/done", "a/b/done", true],
  ["a/**/z", "a/z", true],
  ["a/**/z", "a/b/c/z", true],
  ["a/**/z", "a/b/c/y", false],
  ["**", "anything/at/all", true],
  ["order-*", "order-17", true],
  ["order-*", "order-", true],
  ["*-*-end", "a-b-c-end", true],
  ["*-*-end", "a-end", false],
  ["a.c", "abc", false],
  ["a", "a", true],
])("SB3 %s and %s: %s", (pattern, path, expected) => {
  expect(matchesGlob(pattern, path)).toBe(expected);
});

test("SB3 a pattern made to be slow is answered like any other", () => {
  expect(matchesGlob(`${"*a".repeat(200)}b`, "a".repeat(500))).toBe(false);
  expect(matchesGlob(`${"**/".repeat(200)}b`, "a/".repeat(250))).toBe(false);
});

test("SB3 what every match begins with", () => {
  expect(["a/b*", "**", "a/b"].map(literalPrefix)).toEqual(["a/b", "", "a/b"]);
});
