import { expect, test } from "vitest";
import { SessileError } from "../protocol/index.ts";
import { mayPass } from "./may-pass.ts";

test.each([
  ["unavailable", true],
  ["quota_exceeded", true],
  ["internal", true],
  ["forbidden", false],
  ["not_found", false],
  ["conflict", false],
] as const)("AC9 whether a session that answers %s may take its owner another time: %s", (code, expected) => {
  expect(mayPass(new SessileError(code, "No."))).toBe(expected);
});
