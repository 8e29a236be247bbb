import type { AtomicSave, SaveResult } from "../protocol/state-store.ts";
import { guardedWrite, isMineSql, messageCountSql, type StoreContext } from "./guarded-write.ts";
import { insertMessages, truncation } from "./message-operations.ts";
import { type Operation, type Statement, statement } from "./operation.ts";
import { runAssignments } from "./run-operations.ts";
import { notPromotedSql, promotedTo, promotion } from "./staging-operations.ts";
import { assignments, saveResultOf } from "./state-operations.ts";
import { stateText, stateValues } from "./state-row.ts";
import { assertName, assertWhole } from "./store-input.ts";

/**
 * One step of an agent, visible whole or not at all: pending calls and who owns them, the step's messages, its checkpoint and what
 * the session waits for. A staging is promoted once; a save that comes second is told which checkpoint has it.
 */
export function atomicSave(
  { now, writeId }: StoreContext,
  sessionId: string,
  save: AtomicSave,
): Operation<SaveResult> {
  const [id, at] = [writeId(), now()];
  assertWhole("expectedVersion", save.expectedVersion, 1);
  const staging = stagingOf(save);
  const statements = [
    statement(
      `UPDATE __agents_states SET ${assignments}, checkpoint_id = coalesce(?, checkpoint_id), version = version + 1,
        write_id = ?, updated_at = ? WHERE session_id = ? AND version = ? AND ${notPromotedSql}`,
      ...stateValues(save.state),
      save.checkpoint?.checkpointId ?? null,
      id,
      at,
      sessionId,
      save.expectedVersion,
      sessionId,
      staging,
    ),
    ...conversation(sessionId, id, at, save),
    ...checkpoint(sessionId, id, at, save),
    ...run(sessionId, id, at, save),
    statement(
      "SELECT checkpoint_id, promoted_at FROM __agents_staging WHERE session_id = ? AND staging_id = ?",
      sessionId,
      staging,
    ),
  ];
  const write = guardedWrite(sessionId, id, statements, (outcome) => outcome);
  return {
    ...write,
    read(results) {
      const [row] = results.at(-2) ?? [];
      return saveResultOf(write.read(results), row ? promotedTo(row) : null);
    },
  };
}

/** Empty for a save without one: no staging has that id. */
function stagingOf({ stagingId }: AtomicSave): string {
  if (stagingId !== undefined) assertName("stagingId", stagingId);
  return stagingId ?? "";
}

function conversation(sessionId: string, id: string, at: number, save: AtomicSave): readonly Statement[] {
  const { truncateTo, stagingId, messages = [], checkpoint: draft } = save;
  if (truncateTo !== undefined) assertWhole("truncateTo", truncateTo);
  return [
    ...(truncateTo === undefined ? [] : truncation(sessionId, id, truncateTo)),
    ...(stagingId === undefined ? [] : promotion(sessionId, id, at, stagingId, draft?.checkpointId ?? null)),
    ...insertMessages(sessionId, id, at, messages),
  ];
}

function checkpoint(sessionId: string, id: string, at: number, save: AtomicSave): readonly Statement[] {
  if (!save.checkpoint) return [];
  const { checkpointId, streamSequence } = save.checkpoint;
  assertName("checkpointId", checkpointId);
  assertWhole("streamSequence", streamSequence);
  return [
    statement(
      `INSERT INTO __agents_checkpoints (session_id, number, checkpoint_id, step, message_count, stream_sequence, state, created_at)
        SELECT ?, (SELECT coalesce(max(number), 0) + 1 FROM __agents_checkpoints WHERE session_id = ?), ?, ?,
          ${messageCountSql("?")}, ?, ?, ? WHERE ${isMineSql}`,
      sessionId,
      sessionId,
      checkpointId,
      save.state.stepCount,
      sessionId,
      streamSequence,
      stateText(save.state),
      at,
      sessionId,
      id,
    ),
    // After a truncation, which leaves the newest of those that stay.
    statement(
      `UPDATE __agents_states SET checkpoint_id = ? WHERE session_id = ? AND write_id = ?`,
      checkpointId,
      sessionId,
      id,
    ),
  ];
}

function run(sessionId: string, id: string, at: number, save: AtomicSave): readonly Statement[] {
  if (!save.run) return [];
  const { sql, values } = runAssignments(save.run, at);
  return [
    statement(
      `UPDATE __agents_runs SET ${sql} WHERE session_id = ? AND run_id = ? AND ${isMineSql}`,
      ...values,
      sessionId,
      save.run.runId,
      sessionId,
      id,
    ),
  ];
}
