import type { Clock } from "./clock.ts";
import type { Peers } from "./peers.ts";

const crowd = 50;
const crowdDelayMs = 250;

/** Tells peers who else is here: once per turn, and less often in a crowd, where each change would cost a frame to everyone. */
export class Presence {
  readonly #peers: Peers;
  readonly #clock: Clock;
  #armed = false;

  constructor(peers: Peers, clock: Clock) {
    this.#peers = peers;
    this.#clock = clock;
  }

  changed(): void {
    if (this.#armed) return;
    this.#armed = true;
    const delayMs = this.#peers.presence().count > crowd ? crowdDelayMs : 0;
    void this.#clock.wait(delayMs).then(() => {
      this.#armed = false;
      this.#peers.relay({ t: "presence", ...this.#peers.presence() }, null);
    });
  }
}
