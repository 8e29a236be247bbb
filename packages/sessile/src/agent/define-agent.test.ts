import { expect, test } from "vitest";
import { defineAgent } from "./define-agent.ts";

const define = (more: object) => () => defineAgent({ name: "helper", model: "any/model", ...more });

test("RN16 an agent with a bad name or bound is refused by name", () => {
  expect(define({ name: "two words" })).toThrow("name");
  expect(define({ maxSteps: 0 })).toThrow("maxSteps");
  expect(define({})()).toMatchObject({ maxSteps: 100 });
});
