import { isDeepStrictEqual } from "node:util";
import { type Commit, lastSeqOf } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamProducer, StreamSegment } from "../../protocol/stream.ts";
import { emptyView, foldCommit, type SessionView } from "../../protocol/view.ts";
import { ReferenceState } from "./reference-state.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";

export interface DurableChunk {
  readonly text: Json;
  /** Seq of the segment it came in. */
  readonly seq: number;
  readonly producer: StreamProducer | undefined;
}

export interface DurableStream {
  readonly chunks: DurableChunk[];
  isClosed: boolean;
}

/** What the log on disk says, followed as it grows. Ask only between turns: within one the disk is not settled. */
export class LogFollower {
  readonly #object: SessionObject;
  readonly #reference = new ReferenceState();
  readonly #views = new Map<number, SessionView>();
  readonly #streams = new Map<string, DurableStream>();
  /** By their last seq, in order. */
  readonly #commitTexts = new Map<number, string>();
  #view: SessionView;

  constructor(object: SessionObject) {
    this.#object = object;
    this.#view = emptyView(SimulatedKind.kind, object.name);
  }

  /** The text of each commit. */
  get commits(): readonly string[] {
    this.follow();
    return [...this.#commitTexts.values()];
  }

  /** What the session was after each event, in order. */
  get views(): readonly SessionView[] {
    this.follow();
    return [...this.#views.values()];
  }

  /** What the session was after an event; undefined if the log has no such event. */
  viewAt(seq: number): SessionView | undefined {
    this.follow();
    return this.#views.get(seq);
  }

  /** The commit that ends with an event. */
  commitAt(lastSeq: number): Commit | undefined {
    this.follow();
    const text = this.#commitTexts.get(lastSeq);
    return text === undefined ? undefined : (JSON.parse(text) as Commit);
  }

  stream(streamId: string): DurableStream | null {
    this.follow();
    return this.#streams.get(streamId) ?? null;
  }

  /** Takes in what has become durable, before it leaves the hot log. */
  follow(): void {
    const { database, durableSeq } = this.#object;
    if (durableSeq <= this.#view.lastSeq) return;
    const rows = database.peek(
      "SELECT body FROM _sessile_log WHERE last_seq > ? ORDER BY last_seq",
      this.#view.lastSeq,
    );
    for (const { body } of rows) {
      const commit = JSON.parse(String(body)) as Commit;
      this.#commitTexts.set(lastSeqOf(commit), String(body));
      this.#take(commit);
    }
  }

  #take(commit: Commit): void {
    for (const [index, { type, payload }] of commit.events.entries()) {
      const firstSeq = commit.firstSeq + index;
      this.#view = foldCommit(this.#view, {
        ...commit,
        firstSeq,
        events: commit.events.slice(index, index + 1),
      });
      this.#reference.take(type, payload ?? null, firstSeq);
      if (!isDeepStrictEqual(this.#view.state, this.#reference.state))
        this.#object.world.fail(
          `${this.#object.name} folds to the state ${JSON.stringify(this.#view.state)} at ${firstSeq}; it is ${JSON.stringify(this.#reference.state)}`,
        );
      this.#views.set(firstSeq, this.#view);
      const { streamId } = (payload ?? {}) as { readonly streamId?: string };
      if (streamId === undefined || !type.startsWith("stream.")) continue;
      const stream = this.#streams.get(streamId) ?? { chunks: [], isClosed: false };
      this.#streams.set(streamId, stream);
      if (type === "stream.ended") stream.isClosed = true;
      if (type !== "stream.segment") continue;
      const { at, chunks = [], producer } = payload as unknown as StreamSegment;
      if (at !== stream.chunks.length)
        this.#object.world.fail(
          `a segment of ${streamId} begins at ${at}, after ${stream.chunks.length} chunks`,
        );
      if (stream.isClosed) this.#object.world.fail(`${streamId} grew after its end`);
      for (const text of chunks) stream.chunks.push({ text, seq: firstSeq, producer });
    }
  }
}
