import { expect, test } from "vitest";
import { defineAgent } from "./define-agent.ts";

const define = (more: object) => () => defineAgent({ name: "helper", model: "any/model", ...more });

test("RN16 an agent with a bad name or bound is refused by name", () => {
  expect(define({ name: "two words" })).toThrow("name");
  expect(define({ maxSteps: 0 })).toThrow("maxSteps");
  const described = { namespace: {}, description: "Looks.", outputSchema: {} };
  for (const timeoutMs of [0, 0.5, 2 ** 31])
    expect(define({ subagents: { scout: { ...described, timeoutMs } } })).toThrow(
      "subagents.scout.timeoutMs",
    );
  expect(define({ subagents: { scout: { ...described, reserve: { tokens: -1 } } } })).toThrow(
    "subagents.scout.reserve.tokens",
  );
  expect(define({ reserve: { costMicros: 0.5 } })).toThrow("reserve.costMicros");
  expect(define({})()).toMatchObject({ maxSteps: 100 });
});
