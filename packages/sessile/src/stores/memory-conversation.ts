import { deepFreeze, SessileError } from "../protocol/index.ts";
import type { AgentMessage } from "../protocol/session-state.ts";
import type { AtomicSave, Run, RunChange } from "../protocol/state-store.ts";
import type { SessionDraft } from "./memory-session.ts";
import { assertMessages, assertName, assertRunStatus, assertWhole, storedText } from "./store-input.ts";

/** What an atomic save does beside the state. */
export function memoryConversation(now: () => number): {
  save(sessionId: string, draft: SessionDraft, save: AtomicSave): void;
} {
  return {
    save(sessionId, draft, { truncateTo, stagingId, messages = [], checkpoint, run, state }) {
      if (truncateTo !== undefined) {
        assertWhole("truncateTo", truncateTo);
        draft.truncate(truncateTo);
      }
      if (stagingId !== undefined) promote(draft, stagingId, checkpoint?.checkpointId ?? "");
      if (messages.length > 0) draft.set("messages", [...draft.session.messages, ...copies(messages)]);
      if (checkpoint) {
        assertName("checkpointId", checkpoint.checkpointId);
        assertWhole("streamSequence", checkpoint.streamSequence);
        if (draft.session.checkpoints.some(({ checkpointId }) => checkpointId === checkpoint.checkpointId))
          throw new SessileError("conflict", "An id of this write is taken by something else in this store.");
        draft.set("checkpoints", [
          ...draft.session.checkpoints,
          {
            ...checkpoint,
            sessionId,
            stepCount: state.stepCount,
            messageCount: draft.session.messages.length,
            state: draft.session.state,
            createdAt: now(),
          },
        ]);
      }
      if (run)
        draft.set(
          "runs",
          draft.session.runs.map((each) => (each.runId === run.runId ? changedRun(each, run, now()) : each)),
        );
    },
  };
}

function promote(draft: SessionDraft, stagingId: string, promotedTo: string): void {
  assertName("stagingId", stagingId);
  const staged = draft.session.stagings.get(stagingId)?.messages ?? [];
  draft.set("messages", [...draft.session.messages, ...staged.map(({ message }) => message)]);
  draft.setStaging(stagingId, { messages: [], promotedTo });
}

export function copies(messages: readonly AgentMessage[]): readonly AgentMessage[] {
  assertMessages(messages);
  return messages.map((message, index) =>
    deepFreeze(JSON.parse(storedText(`messages[${index}]`, message)) as AgentMessage),
  );
}

export function changedRun(run: Run, { status, stepCount, outcome }: RunChange, at: number): Run {
  if (status !== undefined) assertRunStatus("run.status", status);
  if (stepCount !== undefined) assertWhole("run.stepCount", stepCount);
  const next = status ?? run.status;
  return {
    ...run,
    status: next,
    stepCount: stepCount ?? run.stepCount,
    outcome: outcome ?? run.outcome,
    completedAt: next === "running" ? null : (run.completedAt ?? at),
  };
}
