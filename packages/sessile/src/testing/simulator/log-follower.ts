import { isDeepStrictEqual } from "node:util";
import { type Commit, eventsOf, lastSeqOf, type SessionEvent } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
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
  isWithdrawn: boolean;
}

export interface DurableStream {
  readonly chunks: DurableChunk[];
  isClosed: boolean;
  hasFailed: boolean;
}

/** A session's log as it is on disk, read without any code of the session. */
export interface LogOnDisk {
  readonly commits: readonly Commit[];
  readonly events: readonly SessionEvent[];
  /** What each command answered, by seq of its first event. */
  readonly results: ReadonlyMap<number, unknown>;
  readonly view: SessionView;
}

/** What the log on disk says, followed as it grows. Ask only between turns: within one the disk is not settled. */
export class LogFollower implements LogOnDisk {
  readonly #object: SessionObject;
  readonly #reference = new ReferenceState();
  readonly #views = new Map<number, SessionView>();
  readonly #streams = new Map<string, DurableStream>();
  readonly #commits: Commit[] = [];
  readonly #texts: string[] = [];
  readonly #events: SessionEvent[] = [];
  /** Commits whose events are in `#events`. */
  #unpacked = 0;
  readonly results = new Map<number, unknown>();
  #view: SessionView;

  constructor(object: SessionObject) {
    this.#object = object;
    this.#view = emptyView(SimulatedKind.kind, object.name);
  }

  get commits(): readonly Commit[] {
    this.follow();
    return this.#commits;
  }

  /** The text of each commit. */
  get texts(): readonly string[] {
    this.follow();
    return this.#texts;
  }

  get events(): readonly SessionEvent[] {
    this.follow();
    const key = sessionKeyOf(SimulatedKind.kind, this.#object.name);
    for (; this.#unpacked < this.#commits.length; this.#unpacked++)
      this.#events.push(...eventsOf(this.#commits[this.#unpacked] as Commit, key));
    return this.#events;
  }

  get view(): SessionView {
    this.follow();
    return this.#view;
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
    return this.#commits.find((commit) => lastSeqOf(commit) === lastSeq);
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
      this.#texts.push(String(body));
      this.#commits.push(commit);
      this.#take(commit);
    }
  }

  #take(commit: Commit): void {
    for (const [index, { type, payload, result }] of commit.events.entries()) {
      const firstSeq = commit.firstSeq + index;
      this.results.set(firstSeq, result);
      const { state } = this.#view;
      this.#view = foldCommit(this.#view, {
        ...commit,
        firstSeq,
        events: commit.events.slice(index, index + 1),
      });
      this.#reference.take(type, payload ?? null, firstSeq);
      const isSame = this.#view.state === state && this.#reference.isUnchanged;
      if (!isSame && !isDeepStrictEqual(this.#view.state, this.#reference.state))
        this.#object.world.fail(
          `${this.#object.name} folds to the state ${JSON.stringify(this.#view.state)} at ${firstSeq}; it is ${JSON.stringify(this.#reference.state)}`,
        );
      this.#views.set(firstSeq, this.#view);
      const { streamId } = (payload ?? {}) as { readonly streamId?: string };
      if (streamId === undefined || !type.startsWith("stream.")) continue;
      const stream = this.#streams.get(streamId) ?? { chunks: [], isClosed: false, hasFailed: false };
      this.#streams.set(streamId, stream);
      if (type === "stream.failed") stream.hasFailed = true;
      if (type === "stream.ended" || type === "stream.failed") stream.isClosed = true;
      if (type === "stream.cleaned") {
        const { from } = payload as unknown as { readonly from: number };
        for (const chunk of stream.chunks.slice(from)) chunk.isWithdrawn = true;
      }
      if (type !== "stream.segment") continue;
      const { at, chunks = [], producer } = payload as unknown as StreamSegment;
      if (at !== stream.chunks.length)
        this.#object.world.fail(
          `a segment of ${streamId} begins at ${at}, after ${stream.chunks.length} chunks`,
        );
      if (stream.isClosed) this.#object.world.fail(`${streamId} grew after its end`);
      for (const text of chunks) stream.chunks.push({ text, seq: firstSeq, producer, isWithdrawn: false });
    }
  }
}
