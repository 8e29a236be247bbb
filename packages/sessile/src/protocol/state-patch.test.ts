import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "./json.ts";
import { applyPatch, diffState, StateMismatch, stateSum } from "./state-patch.ts";

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

/** A state and another that shares most of it. */
const related = json.chain((base) =>
  fc.tuple(fc.constant(base), json, fc.array(fc.nat(), { maxLength: 6 })).map(([one, piece, route]) => {
    const replaced = (value: Json, depth: number): Json => {
      const turn = route[depth];
      if (turn === undefined || value === null || typeof value !== "object")
        return typeof value === "string" && turn !== undefined ? `${value}more` : piece;
      if (Array.isArray(value)) {
        const at = turn % (value.length + 1);
        if (turn % 3 === 0) return [...value.slice(0, at), piece, ...value.slice(at)];
        return value.map((item, index) => (index === at ? replaced(item, depth + 1) : item));
      }
      const keys = Object.keys(value);
      const key = keys[turn % Math.max(1, keys.length)];
      if (key === undefined || turn % 5 === 0) return { ...value, added: piece };
      return {
        ...value,
        [key]: replaced((value as { readonly [key: string]: Json })[key] as Json, depth + 1),
      };
    };
    return [one, replaced(one, 0)] as const;
  }),
);

test("ST20 a patch turns the state it was made for into the other, and leaves the first as it was", () => {
  fc.assert(
    fc.property(fc.oneof(related, fc.tuple(json, json)), ([base, next]) => {
      const before = JSON.stringify(base);
      const patch = JSON.parse(JSON.stringify(diffState(base, next)));
      expect(applyPatch(base, patch)).toEqual(next);
      expect(JSON.stringify(base)).toBe(before);
      expect(diffState(base, base)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("ST20 a change costs its path: an element among many, the end of a text", () => {
  const messages = Array.from({ length: 200 }, (_, n) => ({ id: n, text: `message ${n}` }));
  const said = messages.map((message, n) =>
    n === 199 ? { ...message, text: `${message.text}, and more` } : message,
  );
  expect(diffState({ messages }, { messages: said })).toEqual([
    ["+", ["messages", 199, "text"], 11, ", and more"],
  ]);
  expect(diffState({ messages }, { messages: messages.slice(1) })).toEqual([["~", ["messages"], 0, 1, []]]);
  expect(diffState({ messages }, { messages: [...messages, { id: 200, text: "x" }] })).toEqual([
    ["~", ["messages"], 200, 0, [{ id: 200, text: "x" }]],
  ]);
});

test("ST20 a reference to a part changes as a whole, and is left out if it is the same", () => {
  const partOf = (digit: string) => ({
    $part: `sha256:${digit.repeat(64)}`,
    mediaType: "image/png",
    bytes: 9,
  });
  const [one, other] = [partOf("a"), partOf("b")];
  expect(diffState({ title: "t", photo: one }, { title: "t", photo: other })).toEqual([
    ["=", ["photo"], other],
  ]);
  expect(diffState([one, { none: 1 }], [other, { ...one, name: "n" }])).toEqual([
    ["=", [0], other],
    ["=", [1], { ...one, name: "n" }],
  ]);
  expect(diffState({ photo: one }, structuredClone({ photo: one }))).toEqual([]);
});

test("ST20 lists that share elements in any order become each other", () => {
  const elements = Array.from({ length: 8 }, (_, n) => ({ id: n }) as Json);
  const list = fc.array(fc.constantFrom(...elements, 1, "a", null), { maxLength: 12 });
  fc.assert(
    fc.property(list, list, (base, next) => {
      expect(applyPatch(base, JSON.parse(JSON.stringify(diffState(base, next))))).toEqual(next);
    }),
    { numRuns: 1000 },
  );
});

test("ST20 a window that moves on costs what left and what came", () => {
  const all = Array.from({ length: 60 }, (_, n) => ({ id: n, text: `message ${n}` }));
  const [base, next] = [all.slice(0, 50), all.slice(2, 52)];
  expect(diffState({ base }, { base: next })).toEqual([
    ["~", ["base"], 0, 2, []],
    ["~", ["base"], 48, 0, all.slice(50, 52)],
  ]);
  expect(diffState(next, base)).toEqual([
    ["~", [], 0, 0, all.slice(0, 2)],
    ["~", [], 50, 2, []],
  ]);
});

test("ST20 the keys of the other state stand in its order, whatever comes and goes", () => {
  const keys = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "7", "10"), { maxLength: 6 });
  const made = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 1]));
  fc.assert(
    fc.property(keys, keys, (base, next) => {
      const patched = applyPatch(made(base), diffState(made(base), made(next)));
      expect(JSON.stringify(patched)).toBe(JSON.stringify(made(next)));
    }),
  );
  expect(diffState({ a: 1, b: 1 }, { a: 1, c: 2, b: 1 })).toEqual([["=", [], { a: 1, c: 2, b: 1 }]]);
  expect(diffState({ 7: 1 }, { 3: 1, 7: 1 })).toEqual([["=", ["3"], 1]]);
});

test("ST21 a patch for another state is refused, whatever it would change", () => {
  const cases: [Json, Parameters<typeof applyPatch>[1]][] = [
    [{ text: "abc" }, [["+", ["text"], 2, "d"]]],
    [{ list: [1] }, [["~", ["list"], 1, 1, []]]],
    [{ list: [1] }, [["=", ["list", 1], 2]]],
    [{}, [["-", ["gone"]]]],
    [{}, [["=", ["a", "b"], 1]]],
    [[], [["=", ["a"], 1]]],
    [null, [["-", []]]],
  ];
  for (const [state, patch] of cases) expect(() => applyPatch(state, patch)).toThrow(StateMismatch);
});

test("ST22 the sum of a state is that of its text", () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      if (JSON.stringify(one) === JSON.stringify(other)) expect(stateSum(one)).toBe(stateSum(other));
      else expect(stateSum(one)).not.toBe(stateSum(other));
    }),
  );
});
