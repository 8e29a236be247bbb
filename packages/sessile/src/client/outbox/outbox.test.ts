import { describe, expect, test } from "vitest";
import type { Command } from "../../protocol/index.ts";
import { maxPackedChars, Outbox } from "./outbox.ts";

const append = (text: string): Command => ({ op: "append", type: "note.added", payload: text });
const outbox = (maxQueued = 10_000) => new Outbox({ producer: "me", epoch: 4, maxQueued });
const idsIn = (frames: readonly string[]) =>
  frames.map((frame) => (JSON.parse(frame).commands as { id: string }[]).map(({ id }) => id));

describe("outbox", () => {
  test("CL15 commands are numbered in order, without a gap for those refused", () => {
    const box = outbox();
    box.add(append("a"), 0);
    expect(() => box.add({ op: "append", type: "x", payload: Number.NaN }, 0)).toThrow(/NaN/);
    box.add(append("b"), 0);
    expect(box.take(0).map((frame) => JSON.parse(frame))).toEqual([
      {
        t: "do",
        commands: [
          { op: "append", type: "note.added", payload: "a", id: "me.4.0" },
          { op: "append", type: "note.added", payload: "b", id: "me.4.1" },
        ],
      },
    ]);
    expect(box.take(0)).toEqual([]);
  });

  test("CL15 the wire carries the value as it was when given", () => {
    const box = outbox();
    const payload = { text: "before" };
    box.add({ op: "append", type: "note.added", payload }, 0);
    payload.text = "after";
    expect(box.take(0)[0]).toContain("before");
    expect(box.pending[0]?.command).toMatchObject({ payload: { text: "before" } });
  });

  test("CL16 a frame holds at most 512 commands and about 1 MB; a longer command goes alone", () => {
    const box = outbox();
    for (let n = 0; n < 1_030; n++) box.add(append("x"), 0);
    expect(idsIn(box.take(0)).map(({ length }) => length)).toEqual([512, 512, 6]);
    const half = "y".repeat(maxPackedChars / 2);
    for (const text of [half, half, half + half + half, "z"]) box.add(append(text), 0);
    expect(idsIn(box.take(0)).map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  });

  test("CL17 after a loss everything unanswered goes again, in order and under its id", async () => {
    const box = outbox();
    const first = box.add(append("a"), 0);
    box.add(append("b"), 0);
    box.take(0);
    box.add(append("c"), 0);
    box.settle([{ id: "me.4.0", seq: 8 }], 8, 0);
    expect(await first).toEqual({ seq: 8, repeated: false, result: undefined });
    box.detached();
    expect(idsIn(box.take(0))).toEqual([["me.4.1", "me.4.2"]]);
    box.detached();
    expect(idsIn(box.take(0))).toEqual([["me.4.1", "me.4.2"]]);
  });

  test("QU20 CL17 after a loss one frame goes first, and the others when it is answered", () => {
    const box = outbox();
    for (let n = 0; n < 1_030; n++) box.add(append("x"), 0);
    expect(box.take(0)).toHaveLength(3);
    box.detached();
    expect(idsIn(box.take(0)).map(({ length }) => length)).toEqual([512]);
    box.add(append("x"), 0);
    expect(box.take(0)).toEqual([]);
    box.settle([{ id: "me.4.7", seq: 1 }], 1, 5);
    expect(box.retryAt).toBe(5);
    expect(idsIn(box.take(5)).map((ids) => [ids[0], ids.length])).toEqual([
      ["me.4.512", 512],
      ["me.4.1024", 7],
    ]);
    box.detached();
    expect(idsIn(box.take(5)).flat().at(7)).toBe("me.4.8");
  });

  test("CL18 a refusal worth repeating holds everything back for its time, then goes first", () => {
    const box = outbox();
    for (const text of ["a", "b", "c"]) box.add(append(text), 0);
    box.take(0);
    const busy = { code: "rate_limited", message: "" } as const;
    box.settle(
      [
        { id: "me.4.2", error: busy },
        { id: "me.4.1", error: { ...busy, retryAfterMs: 3_000 } },
        { id: "me.4.0", seq: 1 },
      ],
      0,
      100,
    );
    box.add(append("d"), 0);
    expect(box.retryAt).toBe(3_100);
    expect(box.take(3_099)).toEqual([]);
    expect(idsIn(box.take(3_100))).toEqual([["me.4.1", "me.4.2", "me.4.3"]]);
    expect(box.retryAt).toBeNull();
  });

  test("CL19 an answer counts once; a second, or one for somebody else's command, is ignored", async () => {
    const box = outbox();
    const answer = box.add(append("a"), 0);
    box.settle(
      [
        { id: "other.0.0", seq: 1 },
        { id: "me.4.0", seq: 2, repeated: true, result: "r" },
      ],
      5,
      0,
    );
    box.settle([{ id: "me.4.0", error: { code: "internal", message: "" } }], 5, 0);
    expect(await answer).toEqual({ seq: 2, repeated: true, result: "r" });
    expect(box.size).toBe(0);
  });

  test("CL19 a command is pending until the events show it, however its answer and they arrive", () => {
    const box = outbox();
    for (const text of ["seen first", "answered first", "never an event of its own"])
      box.add(append(text), 0);
    expect(box.pending).toBe(box.pending);
    box.seen("me.4.0");
    expect(box.pending.map(({ id }) => id)).toEqual(["me.4.1", "me.4.2"]);
    expect(box.size).toBe(3);
    box.settle(
      [
        { id: "me.4.0", seq: 5 },
        { id: "me.4.1", seq: 6 },
        { id: "me.4.2", seq: 7 },
      ],
      5,
      0,
    );
    expect(box.size).toBe(0);
    expect(box.pending.map(({ id }) => id)).toEqual(["me.4.1", "me.4.2"]);
    box.seen("me.4.1");
    box.reached(7);
    expect(box.pending).toEqual([]);
  });

  test("CL20 a full outbox refuses, and takes again when there is room", () => {
    const box = outbox(2);
    box.add(append("a"), 0);
    box.add(append("b"), 0);
    expect(() => box.add(append("c"), 0)).toThrow(
      expect.objectContaining({ code: "limit_exceeded", details: { limit: "maxQueued" } }),
    );
    box.settle([{ id: "me.4.0", seq: 1 }], 1, 0);
    box.add(append("c"), 0);
    expect(idsIn(box.take(0))).toEqual([["me.4.1", "me.4.2"]]);
  });

  test("CL20 a command too long for any frame is refused before it is queued", () => {
    const box = outbox();
    expect(() => box.add(append("x".repeat(4 * 1024 * 1024)), 0)).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(box.size).toBe(0);
  });
});
