import { expect, test } from "vitest";
import { lineDiff } from "./line-diff.ts";

const sides = (theirs: string, mine: string) =>
  lineDiff(theirs, mine).map(({ side, text }) => `${side[0]} ${text}`);

test("common lines are kept once and the others marked with their side", () => {
  expect(sides("a\nb\nc", "a\nx\nc")).toEqual(["b a", "t b", "m x", "b c"]);
  expect(sides("a", "a\nb")).toEqual(["b a", "m b"]);
  expect(sides("a\nb", "b")).toEqual(["t a", "b b"]);
  expect(sides("", "")).toEqual(["b "]);
});

test("each side can be read back from the lines", () => {
  const theirs = "one\ntwo\ntwo\nthree\n\nfour";
  const mine = "two\none\nthree\nfour\nfive";
  const lines = lineDiff(theirs, mine);
  const read = (other: string) =>
    lines
      .filter(({ side }) => side !== other)
      .map(({ text }) => text)
      .join("\n");
  expect(read("mine")).toBe(theirs);
  expect(read("theirs")).toBe(mine);
});

test("very long texts are not compared but shown one after the other", () => {
  const lines = lineDiff("a\n".repeat(500), "a\n".repeat(500));
  expect(lines).toHaveLength(1_002);
  expect(lines.every(({ side }) => side !== "both")).toBe(true);
});
