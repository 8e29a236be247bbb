import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import type { World } from "./world.ts";

/** One life of an object, which asks. */
export interface Asker {
  readonly object: SessionObject;
  isDead(): boolean;
  /** Keeps it from hibernating meanwhile. */
  wait(change: 1 | -1): void;
}

/** What a question meets on its way. `late` is carried out after its sender has given it up. */
type Fault = "error" | "lost" | "late";
const faults: readonly Fault[] = ["error", "lost", "late"];

/** A service beside the sessions, and the network to it. It outlives them all. */
export class Remote {
  readonly #name: string;
  readonly #world: World;
  readonly #random: Random;
  #isDown = false;

  constructor(world: World, name: string) {
    this.#name = name;
    this.#world = world;
    this.#random = world.random.fork(name.toLowerCase());
  }

  setDown(isDown: boolean): void {
    this.#world.note(`${this.#name} is ${isDown ? "down" : "up"}`);
    this.#isDown = isDown;
  }

  /** There and back again, each way taking its time. A question leaves once its sender's writes are on disk. */
  ask<T>({ object, isDead, wait }: Asker, answer: () => Promise<T>): Promise<T> {
    const { timeline, trouble } = this.#world;
    const fault = this.#random.chance(trouble.recordFailure) ? this.#random.pick(faults) : null;
    const travelMs = () => this.#random.between(0, Math.min(400, trouble.maxLatencyMs));
    const thereMs = fault === "late" ? this.#random.between(9_000, 20_000) : travelMs();
    wait(1);
    return new Promise((resolve, reject) => {
      const arrive = (how: string, settle: () => void) =>
        timeline.plan(travelMs(), `${this.#name} ${how} ${object.name}`, () => {
          if (isDead()) return;
          wait(-1);
          settle();
        });
      const fail = () => reject(new Error(`${this.#name}_ERROR: Network connection lost.`));
      object.output(() =>
        timeline.plan(thereMs, `${object.name} asks ${this.#name}`, () => {
          if (this.#isDown || fault === "error") arrive("fails", fail);
          else
            answer().then(
              (value) => arrive("answers", () => (fault === "lost" ? fail() : resolve(value))),
              (thrown: unknown) => arrive("refuses", () => reject(thrown)),
            );
        }),
      );
    });
  }
}
