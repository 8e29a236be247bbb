import type { Peer } from "../protocol/frame.ts";
import type { Clock } from "./clock.ts";
import type { Peers } from "./peers.ts";

const crowd = 50;
const crowdDelayMs = 250;

/** Tells peers who else is here: once per turn, and less often in a crowd, where each change would cost a frame to everyone. */
export class Presence {
  readonly #peers: Peers;
  readonly #clock: Clock;
  readonly #others: () => readonly Peer[];
  #armed = false;

  /** @param others who is connected in another protocol */
  constructor(peers: Peers, clock: Clock, others: () => readonly Peer[]) {
    this.#peers = peers;
    this.#clock = clock;
    this.#others = others;
  }

  changed(): void {
    if (this.#armed) return;
    this.#armed = true;
    const delayMs = this.#peers.presence(this.#others()).count > crowd ? crowdDelayMs : 0;
    void this.#clock.wait(delayMs).then(() => {
      this.#armed = false;
      this.#peers.relay({ t: "presence", ...this.#peers.presence(this.#others()) }, null);
    });
  }
}
