import { SessileError } from "../../protocol/error.ts";
import type { StreamAction, StreamReply } from "../../protocol/stream-request.ts";
import type { LogFollower } from "./log-follower.ts";
import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import type { World } from "./world.ts";

const answerWithinMs = 4000;

/** Writes a stream of its own in numbered requests, each repeated until it is answered. */
export class StreamWriter {
  readonly name: string;
  readonly streamId: string;
  readonly object: SessionObject;
  readonly #world: World;
  readonly #log: LogFollower;
  readonly #random: Random;
  #wanted = 0;
  #done = 0;
  #isBusy = false;
  #attempt = 0;

  constructor(world: World, name: string, object: SessionObject, log: LogFollower) {
    this.#world = world;
    this.name = name;
    this.object = object;
    this.#log = log;
    this.streamId = `of-${name}`;
    this.#random = world.random.fork(`writer ${name}`);
  }

  write(chunks: number): void {
    this.#wanted += chunks;
    this.#next();
  }

  get lack(): string | null {
    return this.#done < this.#wanted ? `${this.name} waits to write chunk ${this.#done}` : null;
  }

  /** Each request counts once, in order, and what was acknowledged is there. */
  check(): void {
    const chunks = this.#log.stream(this.streamId)?.chunks ?? [];
    if (chunks.length !== this.#done)
      this.#world.fail(
        `${this.name} was told of ${this.#done} chunks; ${this.streamId} has ${chunks.length}`,
      );
    for (const [index, { text, producer }] of chunks.entries())
      if (text !== this.#textOf(index) || producer?.seq !== index)
        this.#world.fail(`chunk ${index} of ${this.streamId} is ${String(text)}`);
  }

  #textOf(index: number): string {
    return `${this.name}:${index}`;
  }

  #next(): void {
    if (this.#isBusy || this.#done >= this.#wanted) return;
    this.#isBusy = true;
    const seq = this.#done;
    this.#ask({ do: "append", chunks: [this.#textOf(seq)], producer: { id: this.name, epoch: 0, seq } });
  }

  /** Asks until an answer comes; what an earlier attempt still brings is answered too, and heard by nobody. */
  #ask(action: StreamAction): void {
    const attempt = ++this.#attempt;
    const { timeline } = this.#world;
    const ifCurrent = (act: () => void) => {
      if (attempt === this.#attempt) act();
    };
    const again = () => ifCurrent(() => this.#ask(action));
    timeline.plan(answerWithinMs, `${this.name} deadline`, again);
    this.#travel(`${this.name} → ${JSON.stringify(action)}`, () =>
      this.object.askStream(
        this.streamId,
        action,
        (reply) =>
          this.#travel(`${this.name} ← ${JSON.stringify(reply)}`, () =>
            ifCurrent(() => this.#answered(reply, again)),
          ),
        () => void timeline.plan(this.#random.between(100, 600), `${this.name} again`, again),
      ),
    );
  }

  #answered(reply: StreamReply | SessileError, again: () => void): void {
    if (reply instanceof SessileError) {
      const pauseMs = reply.details.retryAfterMs ?? 500;
      if (reply.retryable) this.#world.timeline.plan(pauseMs, `${this.name} again`, again);
      else if (reply.code === "not_found") this.#ask({ do: "open" });
      else this.#world.fail(`${this.name} was refused: ${reply.message}`);
      return;
    }
    this.#attempt += 1;
    this.#isBusy = false;
    if ("tail" in reply) {
      const shown = this.#world.shownSeq(this.object);
      const durable = this.#log.stream(this.streamId)?.chunks[this.#done];
      if (!durable || durable.seq > shown)
        this.#world.fail(`${this.name} was told of chunk ${this.#done}, which is not durable`);
      this.#done += 1;
    }
    this.#next();
  }

  #travel(label: string, arrive: () => void): void {
    this.#world.travel(this.#random, label, arrive);
  }
}
