import { expect, test } from "vitest";
import type { SessionEvent } from "../protocol/event.ts";
import { placeOf, readConversation } from "./conversation.ts";

const said = (["user", "assistant", "user", "assistant"] as const).map((role, index) => ({
  seq: index + 1,
  message: { id: `m${index + 1}`, role, parts: [] },
}));
const asked = (trigger: "submit-message" | "regenerate-message", messageId?: string) => ({
  trigger,
  messageId,
  message: trigger === "submit-message" ? { id: messageId ?? "new", role: "user" as const, parts: [] } : null,
  body: null,
});

test("CH10 a question goes to the end, or where the one of its id was", () => {
  expect(placeOf(said, asked("submit-message"))).toBe(4);
  expect(placeOf(said, asked("submit-message", "m3"))).toBe(2);
  expect(placeOf(said, asked("submit-message", "m1"))).toBeNull();
  expect(placeOf([], asked("submit-message"))).toBeNull();
});

test("CH10 an answer is written anew after the question before it, the last one unless another is named", () => {
  expect(placeOf(said, asked("regenerate-message"))).toBe(3);
  expect(placeOf(said, asked("regenerate-message", "m2"))).toBe(1);
  expect(placeOf(said, asked("regenerate-message", "m3"))).toBe(3);
  expect(() => placeOf([], asked("regenerate-message"))).toThrow("There is no message to answer.");
});

test("CH9 a conversation is read from its newest message back, as far as it is at hand", () => {
  const read = (seq: number) => {
    const one = said[seq - 1];
    return one
      ? ({
          seq,
          payload: { message: one.message, previous: seq === 1 ? null : seq - 1 },
        } as unknown as SessionEvent)
      : null;
  };
  expect(readConversation(4, read)).toEqual({ said, hasMore: false });
  expect(readConversation(4, read, 2)).toEqual({ said: said.slice(2), hasMore: true });
  expect(readConversation(4, (seq) => (seq < 3 ? null : read(seq)))).toEqual({
    said: said.slice(2),
    hasMore: true,
  });
  expect(readConversation(null, read)).toEqual({ said: [], hasMore: false });
});
