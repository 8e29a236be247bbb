import type { ActiveRun } from "../../protocol/index.ts";
import { type AskedCall, approvalRequestChunk, gateRequestOf, settledCall } from "./asked-call.ts";
import { callKey } from "./call-key.ts";
import type { Conversation } from "./conversation.ts";
import type { RunSession } from "./run-session.ts";
import { resultChunks, resultMessage } from "./tool-result.ts";
import type { OpenCall } from "./transcript.ts";

/** What runs ask people and clients: gates of the session. */
export class RunQuestions {
  readonly #options: Pick<RunSession, "session" | "write" | "gateOf">;
  readonly #conversation: Conversation;

  constructor(options: Pick<RunSession, "session" | "write" | "gateOf">, conversation: Conversation) {
    this.#options = options;
    this.#conversation = conversation;
  }

  /** Opens the call's gate, and tells readers of an approval. @throws SessileError as for any gate */
  ask({ runId, startedBy }: ActiveRun, call: AskedCall): void {
    const { session, write, gateOf } = this.#options;
    const { gateId, kind, toolName, toolCallId, input, step } = call;
    const given = gateOf({ kind, toolName, toolCallId, input });
    session.commit(() => {
      const asking = [approvalRequestChunk(gateId, toolCallId)];
      if (kind === "approval")
        write(({ streams }) => streams.append({ streamId: runId, chunks: asking, step }));
      session.openGate(gateRequestOf(call, given, startedBy));
    });
  }

  /** Nobody is asked about these calls any more, and the model is told so. @param streamId of readers to be told too */
  withdraw(calls: readonly OpenCall[], streamId: string | null): void {
    const { session, write } = this.#options;
    for (const open of calls) {
      const gateId = callKey(open);
      if (!Object.hasOwn(session.view.gates, gateId)) continue;
      session.expireGate(gateId);
      const record = session.gate(gateId);
      const settled = record && settledCall(record, open.call);
      if (!record || settled?.do !== "tell") continue;
      const { runId, step } = open.answer;
      this.#conversation.say([{ message: resultMessage(open.call, settled.output), runId, step }]);
      const chunks = resultChunks(open.call, settled.output, { record, settled });
      if (streamId !== null) write(({ streams }) => streams.append({ streamId, chunks }));
    }
  }
}
