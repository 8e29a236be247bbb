import { jsonSchema, tool } from "ai";
import { expect, test } from "vitest";
import { defineAgent } from "./define-agent.ts";

const inputSchema = jsonSchema({ type: "object" });
const define = (more: object) => () => defineAgent({ name: "helper", model: "any/model", ...more });

test("RN16 an agent whose tools a run could not answer for is refused by name", () => {
  expect(define({ tools: { locate: tool({ inputSchema }) } })).toThrow("tools.locate");
  const pay = tool({ inputSchema, needsApproval: true, execute: () => null });
  expect(define({ tools: { pay } })).toThrow("tools.pay");
  expect(define({ name: "two words" })).toThrow("name");
  expect(define({ maxSteps: 0 })).toThrow("maxSteps");
  expect(define({ tools: { look: tool({ inputSchema, execute: () => null }) } })()).toMatchObject({
    maxSteps: 100,
  });
});
