import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Commit } from "./event.ts";
import type { Json } from "./json.ts";
import { commitOfShort, shortFrameOf } from "./short-frame.ts";

const createdAt = Date.UTC(2030, 0, 1);
const commit = (event: object, actors: Commit["actors"] = []): Commit => ({
  firstSeq: 1234,
  at: createdAt + 86_400_000,
  actors,
  events: [{ type: "state.changed", ...event }],
});
const patch = [["+", ["messages", 199, "text"], 1234, "twenty characters ..."]];
const roundTrip = (made: Commit) => {
  const frame = shortFrameOf(made, createdAt);
  return frame && commitOfShort(JSON.parse(JSON.stringify(frame)) as Json[], createdAt);
};

test("ST27 a short frame is the commit that was made, with who made it and by which command", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1 }),
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      fc.boolean(),
      (age, clientEventId, hasActor) => {
        const made = commit(
          {
            ...(hasActor ? { by: 0 } : {}),
            ...(clientEventId === undefined ? {} : { clientEventId }),
            payload: { base: Math.max(0, 1234 - (age % 1234) - 1), patch },
          },
          hasActor ? [{ id: "ada", name: "Ada" }] : [],
        );
        expect(roundTrip(made)).toEqual({ t: "commit", commit: made });
      },
    ),
  );
});

test("ST27 only a commit that is one change by a patch is short, and a sum makes it long", () => {
  const short = { payload: { base: 1233, patch } };
  expect(shortFrameOf(commit({ payload: { state: {} } }), createdAt)).toBeNull();
  expect(shortFrameOf(commit({ payload: { base: 1233, patch, sum: 1 } }), createdAt)).toBeNull();
  expect(shortFrameOf(commit({ ...short, type: "note.added" }), createdAt)).toBeNull();
  const two = commit(short);
  expect(shortFrameOf({ ...two, events: [...two.events, ...two.events] }, createdAt)).toBeNull();
});

test("ST27 what is no short frame is none", () => {
  for (const frame of [[], ["x", 1, 1, 1, []], ["s", 0, 1, 1, []], ["s", 1, 1, 1, {}], ["s", 1.5, 1, 1, []]])
    expect(commitOfShort(frame as Json[], createdAt)).toBeNull();
});

test("ST27 twenty characters at the end of the last of 200 messages are at most 100 bytes, a day after the session began", () => {
  const append = [["+", ["messages", 199, "text"], 1234, "x".repeat(20)]];
  const made = commit({ clientEventId: "k3j9x0ab.0.17", payload: { base: 1233, patch: append } });
  // Two bytes are the WebSocket's own, for a text below 126.
  expect(JSON.stringify(shortFrameOf(made, createdAt)).length + 2).toBeLessThanOrEqual(100);
});
