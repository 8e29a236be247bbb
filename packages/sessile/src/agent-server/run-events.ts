import type { RunInfo } from "../protocol/index.ts";
import type { StreamReader } from "../protocol/stream-manager.ts";
import type { AgentHandle } from "./agent-handle.ts";

export const runEventsHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
const keepAliveMs = 15_000;
const encoder = new TextEncoder();
const resyncText = 'event: resync\ndata: {"type":"stream_resync"}\n\n';
const doneText = "data: [DONE]\n\n";

/** What to send next, and whether that is the last of it. */
interface Next {
  readonly text: string;
  readonly isEnd: boolean;
}

/**
 * A run's chunks as server-sent events, live, to its end, which is `[DONE]`. An event's id names the run, the stream's generation and
 * how many chunks there are up to it; whoever comes back with one of another run, or from before chunks were withdrawn, is told to
 * `resync`, and reads from the beginning.
 *
 * @param resumeFrom `Last-Event-ID`, or a number of chunks
 */
export async function runEvents(
  handle: AgentHandle,
  { endedAt }: RunInfo,
  resumeFrom: string | undefined,
): Promise<Response> {
  const events = await RunEvents.open(handle, resumeFrom);
  // A browser comes back for ever to what has ended, unless it is told that there is nothing more.
  if (endedAt !== null && resumeFrom !== undefined && (await events.isAtEnd()))
    return new Response(null, { status: 204 });
  return new Response(events.body(), { headers: runEventsHeaders });
}

class RunEvents {
  readonly #handle: AgentHandle;
  /** An id in a store that others write as well must not end a line either. */
  readonly #runId: string;
  readonly #reader: StreamReader;
  readonly #chunks: AsyncIterator<unknown>;
  #ahead: Promise<Next> | null = null;
  #mustResync: boolean;

  private constructor(handle: AgentHandle, reader: StreamReader, mustResync: boolean) {
    this.#handle = handle;
    this.#runId = encodeURI(handle.runId);
    this.#reader = reader;
    this.#chunks = reader[Symbol.asyncIterator]();
    this.#mustResync = mustResync;
  }

  static async open(handle: AgentHandle, resumeFrom: string | undefined): Promise<RunEvents> {
    const told = { onResync: () => {} };
    const onResync = () => told.onResync();
    const fromStart = await handle.stream({ onResync });
    const offset =
      resumeFrom === undefined ? null : offsetIn(resumeFrom, encodeURI(handle.runId), fromStart.generation);
    const reader = offset === null ? fromStart : await handle.stream({ offset, onResync });
    const events = new RunEvents(handle, reader, resumeFrom !== undefined && offset === null);
    told.onResync = () => {
      events.#mustResync = true;
    };
    return events;
  }

  async isAtEnd(): Promise<boolean> {
    this.#ahead = this.#next();
    const { text } = await this.#ahead;
    return text === doneText;
  }

  body(): ReadableStream<Uint8Array> {
    let keepAlive: ReturnType<typeof setInterval>;
    const end = () => clearInterval(keepAlive);
    return new ReadableStream<Uint8Array>({
      start(controller) {
        // Tells EventSource how soon to come back, and proves at once that the stream is open.
        controller.enqueue(encoder.encode("retry: 1000\n\n"));
        keepAlive = setInterval(() => controller.enqueue(encoder.encode(": keep-alive\n\n")), keepAliveMs);
      },
      pull: async (controller) => {
        const next = await (this.#ahead ?? this.#next()).catch((thrown: unknown) => {
          end();
          throw thrown;
        });
        this.#ahead = null;
        controller.enqueue(encoder.encode(next.text));
        if (!next.isEnd) return;
        end();
        controller.close();
      },
      // Whoever reads no more has left; the run goes on.
      cancel: () => {
        end();
        this.#reader.cancel();
      },
    });
  }

  async #next(): Promise<Next> {
    const chunk = await this.#chunks.next().catch((thrown: unknown) => this.#afterFailure(thrown));
    const resync = this.#mustResync ? resyncText : "";
    this.#mustResync = false;
    if (chunk.done) return { text: resync + doneText, isEnd: true };
    const { generation, offset } = this.#reader;
    const id = `${this.#runId}/${generation}/${offset}`;
    return { text: `${resync}id: ${id}\ndata: ${JSON.stringify(chunk.value)}\n\n`, isEnd: false };
  }

  /** A failed run's stream throws its error after its last chunk; anything else that is thrown is a cut, after which readers come back. */
  async #afterFailure(thrown: unknown): Promise<{ readonly done: true }> {
    if ((await this.#handle.info()).status === "failed") return { done: true };
    throw thrown;
  }
}

/** @returns null if what was read by then is not the beginning of what there is */
function offsetIn(resumeFrom: string, runId: string, generation: number): number | null {
  const [id, of, offset, ...rest] = resumeFrom.includes("/")
    ? resumeFrom.split("/")
    : [runId, generation, resumeFrom];
  const isHere =
    rest.length === 0 && id === runId && Number(of) === generation && /^\d{1,15}$/.test(String(offset));
  return isHere ? Number(offset) : null;
}
