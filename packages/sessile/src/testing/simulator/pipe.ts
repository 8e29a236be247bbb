import type { Planned } from "./timeline.ts";
import type { World } from "./world.ts";

/** What travels along one direction of a connection. */
export type Parcel =
  | { readonly is: "dial" }
  | { readonly is: "opened" }
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "close"; readonly code: number };

/** One direction of a TCP connection: bytes arrive in order, and at some place they may stop arriving. */
export class Pipe {
  readonly #world: World;
  readonly #label: string;
  readonly #arrive: (parcel: Parcel) => void;
  readonly #keepsLast: boolean;
  readonly #underWay: Planned[] = [];
  #lastAt = 0;
  #isDead = false;

  /** @param keepsLast whether the last parcel arrives whatever happens */
  constructor(world: World, label: string, arrive: (parcel: Parcel) => void, keepsLast = false) {
    this.#keepsLast = keepsLast;
    this.#world = world;
    this.#label = label;
    this.#arrive = arrive;
  }

  send(parcel: Parcel): void {
    if (!this.#isDead) this.#carry(parcel);
  }

  /** Nothing that is sent from now on arrives within `ms`. */
  hold(ms: number): void {
    this.#lastAt = Math.max(this.#lastAt, this.#world.timeline.now + ms);
  }

  /** Sends the last parcel there will be. */
  finish(parcel: Parcel): void {
    this.send(parcel);
    this.#isDead = true;
  }

  /** Loses what is under way from a random place on. @param last what the end is told after what still arrives */
  cut(last: Parcel | null): void {
    if (this.#isDead && this.#keepsLast) return;
    if (this.#isDead && !last) this.lose();
    const kept = this.#world.random.between(0, this.#underWay.length);
    for (const planned of this.#underWay.splice(kept)) this.#world.timeline.cancel(planned);
    if (last && !this.#isDead) this.#carry(last);
    this.#isDead = true;
  }

  /** Loses everything under way, without a word. */
  lose(): void {
    if (this.#isDead && this.#keepsLast) return;
    for (const planned of this.#underWay.splice(0)) this.#world.timeline.cancel(planned);
    this.#isDead = true;
  }

  #carry(parcel: Parcel): void {
    const { timeline, random, trouble } = this.#world;
    const at = Math.max(this.#lastAt, timeline.now + random.between(0, trouble.maxLatencyMs));
    this.#lastAt = at;
    const planned = timeline.plan(at - timeline.now, this.#label, () => {
      this.#underWay.shift();
      this.#world.note(`${this.#label} ${parcel.is === "text" ? parcel.text : JSON.stringify(parcel)}`);
      this.#arrive(parcel);
    });
    this.#underWay.push(planned);
  }
}
