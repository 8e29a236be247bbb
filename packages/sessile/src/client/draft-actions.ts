import { assertUserEventType, type Command, type Draft, type Json, SessileError } from "../protocol/index.ts";
import type { CommandResult } from "./outbox/outbox.ts";
import type { Appendable, AppendableType, PayloadArgument } from "./session-types.ts";

/** The one pending message. Whoever loses a race between sending and cancelling gets `conflict`. */
export interface DraftActions<S> {
  /** Saves a message to be sent later, in place of the one there is. */
  save<Type extends AppendableType<S>>(
    type: Type,
    ...payload: PayloadArgument<Appendable<S>[Type]>
  ): Promise<CommandResult>;
  /** @throws SessileError `not_found` if none is pending */
  cancel(): Promise<CommandResult>;
  /** @throws SessileError `not_found` if none is pending */
  send(): Promise<CommandResult>;
  /** An event with this id came: a draft of the id has ended, whoever did it. @internal */
  seen(clientEventId: string | null): void;
  /** Events were missed, which may have said so: what the server shows counts. @internal */
  missed(): void;
}

/** Knows the id of the draft that is meant, also before the server has said that it is saved. */
export function draftActions<S>(
  enqueue: (make: () => Command) => Promise<CommandResult>,
  current: () => Draft | null,
  newId: () => string,
): DraftActions<S> {
  let saved: string | null = null;
  let ending: string | null = null;
  /** Saves without an answer. */
  let saves = 0;
  const pending = (): string | null => {
    const shown = current()?.draftId ?? null;
    return saved ?? (shown === ending ? null : shown);
  };
  const seen = (id: string | null): void => {
    if (saved === id) saved = null;
  };
  const save = (type: string, payload: Json | undefined): Promise<CommandResult> => {
    const draftId = pending() ?? newId();
    const answer = enqueue(() => {
      assertUserEventType(type);
      saved = draftId;
      return { op: "saveDraft", draftId, type, ...(payload === undefined ? {} : { payload }) };
    });
    saves += 1;
    // Refused: it is not there to be sent, and its id may be used up.
    void answer
      .catch(() => seen(draftId))
      .then(() => {
        saves -= 1;
      });
    return answer;
  };
  const end = (op: "sendDraft" | "cancelDraft"): Promise<CommandResult> => {
    const draftId = pending();
    if (draftId === null) {
      return Promise.reject(new SessileError("not_found", "No draft is pending. Save one first."));
    }
    saved = null;
    ending = draftId;
    const answer = enqueue(() => ({ op, draftId }));
    // Refused, as by the kind's own check: it is still there.
    void answer.catch(() => {
      if (ending === draftId) ending = null;
    });
    return answer;
  };
  return {
    save: (type, ...[payload]) => save(type, payload as Json | undefined),
    cancel: () => end("cancelDraft"),
    send: () => end("sendDraft"),
    seen,
    missed: () => {
      if (saves === 0) saved = null;
    },
  };
}
