import { openStream } from "../../client/index.ts";
import { SessileError } from "../../protocol/error.ts";
import type { LogFollower } from "./log-follower.ts";
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
  #received = 0;
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
    this.#received = 0;
    this.#world.note(`${this.name} reads ${streamId}`);
    void this.#read();
  }

  /** What it has still to get, or null. */
  get lack(): string | null {
    const stream = this.#isReading ? this.#log.stream(this.#streamId) : null;
    if (!stream || (this.#received === stream.chunks.length && !stream.isClosed)) return null;
    return `${this.name} is at ${this.#received} of ${stream.chunks.length} in ${this.#streamId}`;
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of openStream({
        url: `http://simulated.test/${this.#streamId}`,
        WebSocket: this.#socketConstructor(),
      }))
        this.#take(String(chunk));
      const stream = this.#log.stream(this.#streamId);
      if (!stream?.isClosed || this.#received !== stream.chunks.length)
        this.#world.fail(`${this.name} was told the end of ${this.#streamId} after ${this.#received} chunks`);
    } catch (thrown) {
      const isAbsent = thrown instanceof SessileError && thrown.code === "not_found";
      if (!isAbsent || this.#received > 0)
        this.#world.fail(`${this.name} reading ${this.#streamId} was thrown ${String(thrown)}`);
    }
    this.#world.note(`${this.name} has read ${this.#streamId}`);
    this.#isReading = false;
  }

  #take(chunk: string): void {
    const offset = this.#received++;
    const durable = this.#log.stream(this.#streamId)?.chunks[offset];
    const shown = this.#world.shownSeq(this.object);
    if (durable?.text !== chunk || durable.seq > shown)
      this.#world.fail(
        `${this.name} was shown ${chunk} as chunk ${offset} of ${this.#streamId}; durable is ${JSON.stringify(durable)}`,
      );
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
