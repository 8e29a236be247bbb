import { expect, test } from "vitest";
import { diffState, type Json } from "../protocol/index.ts";
import { StateHistory } from "./state-history.ts";

const states: readonly Json[] = [
  { count: 0, items: ["a"], text: "so" },
  { count: 1, items: ["a", "b"], text: "so far" },
  { items: ["b"], text: "so far" },
];
const changed = (seq: number, from: number, base: number) => ({
  seq,
  type: "state.changed",
  payload: { patch: diffState(states[from]!, states[from + 1]!), base },
});
const log = [
  { seq: 1, type: "session.created", payload: { state: states[0] } },
  { seq: 2, type: "note.added", payload: null },
  changed(3, 0, 1),
  changed(4, 1, 3),
  { seq: 5, type: "state.changed", payload: { state: { text: "anew" } } },
];

test("IN6 each change shows what was and what came, also when it comes later and overlaps", () => {
  const history = new StateHistory();
  history.add(log.slice(0, 3));
  history.add(log);
  expect(history.differencesAt(2)).toBeNull();
  expect(history.differencesAt(3)).toEqual([
    { path: "count", before: 0, after: 1 },
    { path: "items.1", before: [], after: ["b"] },
    { path: "text", before: "so", after: "so far" },
  ]);
  expect(history.differencesAt(4)).toContainEqual({ path: "count", before: 1, after: undefined });
  expect(history.differencesAt(5)).toContainEqual({ path: "text", before: "so far", after: "anew" });
  expect([1, 2, 3, 4].map((seq) => history.stateAt(seq))).toEqual([
    states[0],
    states[0],
    states[1],
    states[2],
  ]);
});

test("IN6 without the state that a change was made for, what came is shown; from a whole state on everything is", () => {
  const history = new StateHistory();
  history.add(log.slice(2));
  expect(history.differencesAt(3)).toContainEqual({ path: "text", before: undefined, after: "… far" });
  expect(history.stateAt(4)).toBeUndefined();
  expect(history.stateAt(5)).toEqual({ text: "anew" });
});

test("IN6 no state is made up where events are missing", () => {
  const history = new StateHistory();
  history.add(log.slice(0, 2));
  history.add(log.slice(3));
  expect(history.stateAt(4)).toBeUndefined();
  expect(history.differencesAt(4)).toContainEqual({ path: "count", before: undefined, after: undefined });
});

test("IN6 a log that begins anew leaves nothing of the one before", () => {
  const history = new StateHistory();
  history.add(log);
  history.add(log.slice(0, 1));
  expect([history.differencesAt(4), history.stateAt(9)]).toEqual([null, states[0]]);
});

test("IN6 what is no longer shown is forgotten, but for the state it left", () => {
  const history = new StateHistory();
  history.add(log);
  history.add([...log.slice(1), { seq: 6, type: "note.added", payload: null }]);
  expect(history.stateAt(2)).toEqual(states[0]);
  history.add([...log.slice(4), { seq: 6, type: "note.added", payload: null }]);
  expect([1, 3, 4, 5].map((seq) => history.stateAt(seq))).toEqual([
    undefined,
    undefined,
    states[2],
    { text: "anew" },
  ]);
  expect([history.differencesAt(3), history.differencesAt(5)]).toEqual([null, expect.anything()]);
});
