import { endOf, type RunEnd } from "../agent/run/run-end.ts";
import {
  type Json,
  type RunOutcome,
  type RunResult,
  SessileError,
  type WireError,
} from "../protocol/index.ts";
import { persistently } from "./persistently.ts";
import type { RunState } from "./run-state.ts";
import { closeRunStream } from "./run-stream.ts";
import type { RunStores } from "./workflow-run.ts";

/** What the row of a run that has ended holds. */
type Ended = { readonly result: RunResult; readonly error: WireError | null };

/** How a session and its run stand after each outcome. A bound that was reached can be gone on with, as an interrupt can. */
const statusOf = {
  completed: "completed",
  failed: "failed",
  aborted: "failed",
  interrupted: "interrupted",
  exhausted: "interrupted",
} as const;

/** The store first: whoever sees the stream end finds the run ended. */
export async function settleRun(state: RunState, { result, error }: RunEnd): Promise<void> {
  const status = statusOf[result.outcome as RunOutcome];
  const isAborted = result.outcome === "aborted";
  const ended: Ended = { result, error: error?.toWire() ?? null };
  await state.save({
    state: {
      status,
      output: result,
      error: error?.message ?? null,
      failureReason: isAborted ? "aborted" : (error?.code ?? null),
      aborted: isAborted,
      abortReason: isAborted ? "asked" : null,
    },
    run: { status, outcome: ended as unknown as Json },
  });
}

/** What is left to do for a run that has ended in the store. */
export async function closeRun(stores: RunStores, state: RunState): Promise<void> {
  const { sessionId, streamName, params, ticket } = state;
  const { run } = await persistently(() => stores.state.updateRun(sessionId, params.runId, {}));
  const ended = (run?.outcome ?? null) as unknown as Ended | null;
  const { result, error } = ended
    ? { result: ended.result, error: ended.error && SessileError.fromWire(ended.error) }
    : endOf({ ...ticket, said: [] }, "failed", endedElsewhere());
  await persistently(() => closeRunStream(stores.streams, streamName, result, error));
  await persistently(() => stores.state.clearInterruptFlag(sessionId));
}

function endedElsewhere(): SessileError {
  return new SessileError("rejected", "The session was ended by somebody else.");
}
