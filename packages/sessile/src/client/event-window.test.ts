import { expect, test } from "vitest";
import { EventWindow } from "./event-window.ts";

const event = (seq: number, type: string) => ({ seq, type });

test("SM44 segments push no other event out of the window, and iterators get each", () => {
  const window = new EventWindow<{ readonly seq: number; readonly type: string }>(3);
  window.push([1, 2, 3].map((seq) => event(seq, "message")));
  const { latest } = window;
  window.push(Array.from({ length: 50 }, (_, n) => event(4 + n, "stream.segment")));
  expect(window.latest).toBe(latest);
  window.push([event(54, "message")]);
  expect(window.latest.map(({ seq }) => seq)).toEqual([2, 3, 54]);
  expect(window.after(51, 10).map(({ seq }) => seq)).toEqual([52, 53, 54]);
});

test("CL23 a window of no events shows none", () => {
  const window = new EventWindow<{ readonly seq: number; readonly type: string }>(0);
  for (let seq = 1; seq <= 1_000; seq++) window.push([event(seq, "message")]);
  expect(window.latest).toEqual([]);
});
