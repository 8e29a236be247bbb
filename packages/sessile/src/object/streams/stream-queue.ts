import type { StreamAppend, Streams, Task, Transaction, Writer } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { StreamAnswer } from "../../protocol/stream.ts";
import type { Clock } from "../clock.ts";

/**
 * From one flush to the next, in delays: as much longer as the rows that every 32nd and 64th segment costs beside its own, so that
 * all in all it is a row for each delay.
 */
const pace = 1.06;
/** Full segments that share a commit. */
const commitSegments = 16;

export interface StreamQueueOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, "maxSegmentDelayMs" | "maxSegmentChars" | "maxChunkChars">;
  /** Commits the tasks and shows what they wrote. */
  readonly commit: (tasks: readonly Task[]) => Transaction;
  readonly whenShown: (settle: (failure: SessileError | null) => void) => void;
}

interface Waiting {
  readonly streamId: string;
  /** Chunks that others may join; null for anything else. */
  append: StreamAppend | null;
  chars: number;
  readonly run: (streams: Streams) => void;
  readonly settle: ((failure: SessileError | null) => void)[];
}

/**
 * What is to be done to streams, in order. Chunks of one stream share a segment, and everything that waits shares a commit: the
 * first after a pause goes at once, the next ones when their time or size is up.
 */
export class StreamQueue {
  readonly #options: StreamQueueOptions;
  #waiting: Waiting[] = [];
  #chars = 0;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** When what waits will be flushed; null if nothing is arranged. */
  #dueAt: number | null = null;

  constructor(options: StreamQueueOptions) {
    this.#options = options;
  }

  append(request: StreamAppend, chars: number, alone = false): Promise<StreamAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<StreamAnswer>();
    const joined = this.#joinable(request, chars);
    const skipped = joined?.append?.chunks.length ?? 0;
    const waiting = joined ?? this.#add(request);
    waiting.append = { ...request, chunks: [...(joined?.append?.chunks ?? []), ...request.chunks] };
    waiting.chars += chars;
    this.#chars += chars;
    waiting.settle.push((failure) => {
      const { answer } = waiting as Waiting & { answer?: StreamAnswer };
      if (failure || !answer) reject(failure ?? new SessileError("internal", "The append was not answered."));
      else resolve(answer.repeated ? answer : { ...answer, at: answer.at + skipped });
    });
    const isNumbered = request.producer !== undefined;
    const { maxSegmentChars, maxSegmentDelayMs } = this.#options.limits;
    this.#arrange(alone || isNumbered || this.#chars >= maxSegmentChars ? 0 : maxSegmentDelayMs);
    return promise;
  }

  /** Anything else, after what waits and without delay. */
  run<T>(streamId: string, body: (streams: Streams) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let ended: { readonly value: T } | null = null;
    this.#waiting.push({
      streamId,
      append: null,
      chars: 0,
      run: (streams) => {
        ended = { value: body(streams) };
      },
      settle: [
        (failure) => {
          if (failure || !ended)
            reject(failure ?? new SessileError("internal", "The request was not answered."));
          else resolve(ended.value);
        },
      ],
    });
    this.#arrange(0);
    return promise;
  }

  /** Resolves when everything given up to now is settled. */
  drained(streamId: string): Promise<void> {
    if (!this.#waiting.some((waiting) => waiting.streamId === streamId)) return Promise.resolve();
    return this.run(streamId, () => undefined);
  }

  /** The last thing that waits for this stream, if these chunks may go into its segment. */
  #joinable({ streamId, step, producer, order }: StreamAppend, more: number): Waiting | null {
    const last = this.#waiting.findLast((waiting) => waiting.streamId === streamId);
    if (!last?.append || producer || order !== undefined) return null;
    const { append, chars } = last;
    const { maxSegmentChars, maxChunkChars } = this.#options.limits;
    // What each may say alone must not be refused for the company it is in.
    if (chars >= maxSegmentChars || chars + more > maxChunkChars) return null;
    return append.producer || append.order !== undefined || append.step !== step ? null : last;
  }

  #add(request: StreamAppend): Waiting {
    const waiting: Waiting & { answer?: StreamAnswer } = {
      streamId: request.streamId,
      append: request,
      chars: 0,
      run: (streams) => {
        waiting.answer = streams.append(waiting.append as StreamAppend);
      },
      settle: [],
    };
    this.#waiting.push(waiting);
    return waiting;
  }

  #arrange(withinMs: number): void {
    const { clock, limits } = this.#options;
    const now = clock.now();
    const at = Math.max(now, Math.min(now + withinMs, this.#flushedAt + pace * limits.maxSegmentDelayMs));
    if (this.#dueAt !== null && this.#dueAt <= at) return;
    this.#dueAt = at;
    // Never at once: a commit may be open, and whatever comes in the same turn shares this one.
    void clock.wait(at - now).then(() => {
      if (this.#dueAt === at) this.#flush();
    });
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    this.#chars = 0;
    this.#dueAt = null;
    const { clock, limits } = this.#options;
    this.#flushedAt = clock.now();
    for (let from = 0; from < all.length; ) {
      let chars = 0;
      let to = from;
      while (to < all.length && (to === from || chars < commitSegments * limits.maxSegmentChars))
        chars += all[to++]?.chars ?? 0;
      this.#commit(all.slice(from, to));
      from = to;
    }
  }

  #commit(group: readonly Waiting[]): void {
    try {
      const { outcomes } = this.#options.commit(group.map(taskOf));
      for (const [index, { settle }] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome && !outcome.ok) for (const tell of settle) tell(outcome.error);
      }
      this.#options.whenShown((failure) => {
        for (const [index, { settle }] of group.entries())
          if (outcomes[index]?.ok) for (const tell of settle) tell(failure);
      });
    } catch (thrown) {
      const failure =
        thrown instanceof SessileError
          ? thrown
          : new SessileError(
              "unavailable",
              "The session could not store this. Nothing was written; try again shortly.",
              { retryAfterMs: 1000 },
              { cause: thrown },
            );
      for (const { settle } of group) for (const tell of settle) tell(failure);
    }
  }
}

function taskOf({ run }: Waiting): Task {
  return {
    id: undefined,
    actor: null,
    refusesFirst: true,
    touchesTables: true,
    run: (writer: Writer) => void run(writer.streams),
  };
}
