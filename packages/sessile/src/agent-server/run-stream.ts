import { approvalRequestChunk } from "../agent/run/asked-call.ts";
import { endingChunks } from "../agent/run/run-chunks.ts";
import {
  type Gate,
  type RunResult,
  SessileError,
  type StreamManager,
  type StreamWriter,
  suspendingChunk,
} from "../protocol/index.ts";
import type { RunMeta } from "../protocol/run.ts";
import { type RunTicket, streamNameOf } from "./workflow-run.ts";

const contentType = "application/json";

/** Opens a run's stream with its first chunk, or goes on with it. */
export async function openRunStream(
  streams: StreamManager,
  name: string,
  { agent, runId }: Pick<RunTicket, "agent" | "runId">,
): Promise<StreamWriter> {
  const meta: RunMeta = { run: { agent } };
  const writer = await streams.createWriter(name, { contentType, meta });
  await writer.append({ type: "start", messageId: runId }, { producer: numbered("start", 0) });
  return writer;
}

/** Tells readers that the run waits, and for which approvals: once, whoever is first to say so. */
export async function tellWaiting(
  streams: StreamManager,
  sessionId: string,
  ticket: RunTicket,
  gates: readonly Gate[],
): Promise<void> {
  const writer = await openRunStream(streams, streamNameOf(sessionId, ticket.runId), ticket);
  const approvals = gates.filter(({ kind = "approval" }) => kind === "approval");
  const chunks = [
    ...approvals.map(({ gateId, call }) => approvalRequestChunk(gateId, call?.callId ?? "")),
    suspendingChunk("suspended_client_tool"),
  ];
  for (const [seq, chunk] of chunks.entries())
    try {
      await writer.append(chunk, { producer: { id: "wait", epoch: ticket.instance, seq } });
    } catch (thrown) {
      // It goes on, and has waited again since.
      if (!(thrown instanceof SessileError) || thrown.code !== "fenced") throw thrown;
    }
}

/** Ends it with what the run came to. Asked again, it finds that done. */
export async function closeRunStream(
  streams: StreamManager,
  name: string,
  result: RunResult,
  error: SessileError | null,
): Promise<void> {
  const info = await streams.getInfo(name);
  if (info?.status !== "active") return;
  try {
    const writer = await streams.createWriter(name, { contentType, meta: info.meta });
    for (const [seq, chunk] of endingChunks(result).entries())
      await writer.append(chunk, { producer: numbered("end", seq) });
    await (error ? writer.fail(error) : writer.end(result));
  } catch (thrown) {
    // Somebody else may have ended it meanwhile.
    if ((await streams.getInfo(name))?.status === "active") throw thrown;
  }
}

/** So that a chunk is there once, however often it is sent. */
function numbered(id: string, seq: number) {
  return { id, epoch: 0, seq };
}
