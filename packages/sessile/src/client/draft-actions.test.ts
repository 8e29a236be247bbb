import { expect, test } from "vitest";
import type { Command } from "../protocol/index.ts";
import { draftActions } from "./draft-actions.ts";
import type { CommandResult } from "./outbox/outbox.ts";

test("DR13 after events were missed what the server shows counts, unless a save is unanswered", async () => {
  const ids: unknown[] = [];
  const answers: PromiseWithResolvers<CommandResult>[] = [];
  const enqueue = (make: () => Command) => {
    ids.push((make() as { readonly draftId: string }).draftId);
    const answer = Promise.withResolvers<CommandResult>();
    answers.push(answer);
    return answer.promise;
  };
  let nextId = 1;
  const draft = draftActions(
    enqueue,
    () => null,
    () => `d${nextId++}`,
  );
  const first = draft.save("note.added", 1);
  draft.missed();
  const second = draft.save("note.added", 2);
  for (const { resolve } of answers) resolve({ seq: 3, repeated: false, result: undefined });
  await Promise.all([first, second]);
  draft.missed();
  void draft.save("note.added", 3);
  draft.seen("d1");
  draft.seen(null);
  void draft.cancel();
  expect(ids).toEqual(["d1", "d1", "d2", "d2"]);
});
