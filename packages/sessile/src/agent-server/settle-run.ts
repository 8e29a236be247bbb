import { endOf, type RunEnd } from "../agent/run/run-end.ts";
import {
  type Json,
  type RunOutcome,
  type RunResult,
  SessileError,
  type WireError,
} from "../protocol/index.ts";
import type { SessionState } from "../protocol/session-state.ts";
import type { RunChange } from "../protocol/state-store.ts";
import { waitingGates, withdrawn } from "./call-gates.ts";
import { persistently } from "./persistently.ts";
import type { RunState } from "./run-state.ts";
import { closeRunStream } from "./run-stream.ts";
import { readMessages } from "./stored-message.ts";
import { type RunStores, type RunTicket, streamNameOf } from "./workflow-run.ts";

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
export async function settleRun(stores: RunStores, state: RunState, end: RunEnd): Promise<void> {
  const { sessionId, stored } = state;
  const settled = settledRun(end);
  if (end.result.outcome !== "aborted" || waitingGates(stored).length === 0) return state.save(settled);
  // What the run before has left to this one.
  const said = await persistently(() => readMessages(stores.state, sessionId));
  await state.save({
    ...settled,
    state: (now) => ({ ...settled.state, ...withdrawn(now, said, sessionId).fields }),
    messages: withdrawn(stored, said, sessionId).messages,
  });
}

/** What the store says of a run that has come to its end. */
export function settledRun({ result, error }: RunEnd): {
  readonly state: Partial<SessionState>;
  readonly run: RunChange;
} {
  const status = statusOf[result.outcome as RunOutcome];
  const isAborted = result.outcome === "aborted";
  const ended: Ended = { result, error: error?.toWire() ?? null };
  return {
    state: {
      status,
      output: result,
      error: error?.message ?? null,
      failureReason: isAborted ? "aborted" : (error?.code ?? null),
      aborted: isAborted,
      abortReason: isAborted ? "asked" : null,
      suspension: null,
    },
    run: { outcome: ended as unknown as Json },
  };
}

/** What is left to do for a run that has ended in the store. */
export async function closeRun(stores: RunStores, sessionId: string, ticket: RunTicket): Promise<void> {
  const { runId } = ticket;
  const { run } = await persistently(() => stores.state.updateRun(sessionId, runId, {}));
  const ended = (run?.outcome ?? {}) as unknown as Partial<Ended>;
  const { result, error } = ended.result
    ? { result: ended.result, error: ended.error ? SessileError.fromWire(ended.error) : null }
    : endOf({ ...ticket, said: [] }, "failed", endedElsewhere());
  const streamName = streamNameOf(sessionId, runId);
  await persistently(() => closeRunStream(stores.streams, streamName, result, error));
  await persistently(() => stores.state.clearInterruptFlag(sessionId));
}

function endedElsewhere(): SessileError {
  return new SessileError("rejected", "The session was ended by somebody else.");
}
