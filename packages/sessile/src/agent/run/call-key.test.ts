import fc from "fast-check";
import { expect, test } from "vitest";
import { answerId, callKey } from "./call-key.ts";
import type { OpenCall } from "./transcript.ts";

const keyOf = (runId: string, step: number, toolCallId: string) =>
  callKey({ answer: { runId, step }, call: { toolCallId } } as OpenCall);

test("RN5 ordinary ids stand in the key as they are", () => {
  for (const id of ["call_1", "toolu_01A09q90qw90lq917835lq9", "chatcmpl-tool-a.b/c", "7f"])
    expect(keyOf("run-1", 2, id)).toBe(`run-1:2:${id}`);
});

test("RN5 no two calls, and no call and an answer, have one key", () => {
  const part = fc.constantFrom("a", "1", "2", ":");
  const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
  const made = fc.tuple(text, fc.integer({ min: 1, max: 2 }), fc.option(text));
  const idOf = ([runId, step, call]: readonly [string, number, string | null]) =>
    call === null ? answerId(runId, step) : keyOf(runId, step, call);
  fc.assert(
    fc.property(fc.uniqueArray(made, { selector: String, maxLength: 60 }), (all) => {
      expect(new Set(all.map(idOf)).size).toBe(all.length);
    }),
  );
  expect(keyOf("a", 1, "2:x")).not.toBe(keyOf("a:1", 2, "x"));
});
