import { endingChunks } from "../agent/run/run-chunks.ts";
import type { RunResult, SessileError, StreamManager, StreamWriter } from "../protocol/index.ts";
import type { RunMeta } from "../protocol/run.ts";
import type { RunTicket } from "./workflow-run.ts";

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

/** Ends it with what the run came to. Asked again, it finds that done. */
export async function closeRunStream(
  streams: StreamManager,
  name: string,
  result: RunResult,
  error: SessileError | null,
): Promise<void> {
  const info = await streams.getInfo(name);
  if (info?.status !== "active") return;
  const writer = await streams.createWriter(name, { contentType, meta: info.meta });
  for (const [seq, chunk] of endingChunks(result).entries())
    await writer.append(chunk, { producer: numbered("end", seq) });
  await (error ? writer.fail(error) : writer.end(result));
}

/** So that a chunk is there once, however often it is sent. */
function numbered(id: string, seq: number) {
  return { id, epoch: 0, seq };
}
