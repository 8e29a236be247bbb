import { isDeepStrictEqual } from "node:util";
import { openStream } from "../../client/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { StreamChunk } from "../../protocol/stream-chunk.ts";
import type { DurableChunk, DurableStream, LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import { Wire, type WireEnd } from "./wire.ts";
import type { World } from "./world.ts";

/** Somebody who reads one stream after the other, with the real reader, and holds every chunk against the disk as it comes. */
export class SimulatedReader {
  readonly name: string;
  readonly object: SessionObject;
  readonly #world: World;
  readonly #log: LogFollower;
  #streamId = "";
  /** What it holds of the stream, since chunks were last withdrawn. */
  #shown: StreamChunk[] = [];
  #isReading = false;
  #wire: Wire | null = null;
  #dialled = 0;

  constructor(world: World, name: string, object: SessionObject, log: LogFollower) {
    this.#world = world;
    this.name = name;
    this.object = object;
    this.#log = log;
  }

  get wire(): Wire | null {
    return this.#wire;
  }

  /** Begins to read a stream, unless it still reads one. */
  read(streamId: string): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#streamId = streamId;
    this.#shown = [];
    this.#world.note(`${this.name} reads ${streamId}`);
    void this.#read();
  }

  /** What it has still to get, or null. */
  get lack(): string | null {
    const stream = this.#isReading ? this.#log.stream(this.#streamId) : null;
    if (!stream || (this.#holds(stream) && !stream.isClosed)) return null;
    return `${this.name} is at ${this.#shown.length} of ${stream.chunks.length} in ${this.#streamId}`;
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of openStream({
        url: `http://simulated.test/${this.#streamId}`,
        WebSocket: this.#socketConstructor(),
        onResync: () => {
          this.#shown = [];
        },
      }))
        this.#take(chunk);
      this.#ends(null);
    } catch (thrown) {
      this.#ends(thrown);
    }
    this.#world.note(`${this.name} has read ${this.#streamId}`);
    this.#isReading = false;
  }

  #take(chunk: StreamChunk): void {
    const offset = this.#shown.push(chunk) - 1;
    const { chunks = [] } = this.#log.stream(this.#streamId) ?? {};
    const shown = this.#world.shownSeq(this.object);
    const isIt = ({ text, seq }: DurableChunk) => seq <= shown && isDeepStrictEqual(text, chunk);
    // What is left after a withdrawal is compared once the stream has ended.
    const isDurable = chunks.some(({ isWithdrawn }) => isWithdrawn)
      ? chunks.some(isIt)
      : offset < chunks.length && isIt(chunks[offset] as DurableChunk);
    if (!isDurable)
      this.#world.fail(
        `${this.name} was shown ${JSON.stringify(chunk)} as chunk ${offset} of ${this.#streamId}; durable is ${JSON.stringify(chunks[offset])}`,
      );
  }

  #ends(thrown: unknown): void {
    const stream = this.#log.stream(this.#streamId);
    const isAbsent = thrown instanceof SessileError && thrown.code === "not_found";
    if (isAbsent && this.#shown.length === 0) return;
    if ((thrown !== null) !== (stream?.hasFailed ?? false))
      this.#world.fail(`${this.name} reading ${this.#streamId} was thrown ${String(thrown)}`);
    else if (!stream?.isClosed || !this.#holds(stream))
      this.#world.fail(
        `${this.name} was told the end of ${this.#streamId} after ${this.#shown.length} chunks`,
      );
  }

  #holds({ chunks }: DurableStream): boolean {
    const standing = chunks.filter(({ isWithdrawn }) => !isWithdrawn).map(({ text }) => text);
    return isDeepStrictEqual(this.#shown, standing);
  }

  #socketConstructor(): new (url: string, protocols: string[]) => Wire["client"] {
    const dial = (url: string) => this.#dial(new URL(url).searchParams).client;
    return class {
      constructor(url: string) {
        // biome-ignore lint/correctness/noConstructorReturn: a wire makes both ends, and `new` is how clients make sockets
        return dial(url);
      }
    } as unknown as new (
      url: string,
      protocols: string[],
    ) => Wire["client"];
  }

  #dial(query: URLSearchParams): Wire {
    const { object } = this;
    const streamId = this.#streamId;
    const end: WireEnd = {
      accepted: (wire) => object.acceptedReader(wire, streamId, query),
      received: (wire, text) => object.received(wire, text),
      ended: (wire, code) => object.ended(wire, code),
    };
    this.#wire = new Wire(this.#world, `${this.name}#${++this.#dialled}`, this.name, end, true);
    this.#wire.dial();
    return this.#wire;
  }
}
