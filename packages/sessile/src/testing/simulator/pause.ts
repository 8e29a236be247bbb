import { type Life, lives } from "./lives.ts";
import type { Planned, Timeline } from "./timeline.ts";

/** One of the platform's timers. An instance's keeps it awake, and dies with it. */
export class Pause {
  readonly #timeline: Timeline;
  readonly #planned: Planned;
  #life: Life | null;

  constructor(timeline: Timeline, delayMs: number, run: () => void) {
    const life = lives.getStore();
    this.#timeline = timeline;
    this.#life = life ?? null;
    if (life) life.waits += 1;
    this.#planned = timeline.plan(delayMs, "a pause", () => {
      if (life?.isDead) return;
      this.#end();
      lives.run(life, run);
    });
  }

  cancel(): void {
    this.#timeline.cancel(this.#planned);
    this.#end();
  }

  #end(): void {
    if (this.#life) this.#life.waits -= 1;
    this.#life = null;
  }
}
