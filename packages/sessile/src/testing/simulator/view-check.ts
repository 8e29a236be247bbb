import { isDeepStrictEqual } from "node:util";
import type { SessionView } from "../../protocol/view.ts";
import type { LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedClient } from "./simulated-client.ts";

/** What a client shows is the fold of the log at the seq it names, whenever it shows something, and never goes back. */
export class ViewCheck {
  readonly #logs: ReadonlyMap<SessionObject, LogFollower>;
  readonly #shown = new Map<SimulatedClient, SessionView>();

  constructor(logs: ReadonlyMap<SessionObject, LogFollower>) {
    this.#logs = logs;
  }

  always(clients: readonly SimulatedClient[]): void {
    for (const client of clients) {
      const { view } = client.snapshot;
      const shown = this.#shown.get(client);
      if (view === shown) continue;
      if (!view) {
        this.#shown.delete(client);
        continue;
      }
      this.#shown.set(client, view);
      if (shown && view.lastSeq < shown.lastSeq)
        client.object.world.fail(`${client.name} goes back from ${shown.lastSeq} to ${view.lastSeq}`);
      this.#compare(client, view, shown);
    }
  }

  /** A state that the client keeps as it was is compared once. */
  #compare(client: SimulatedClient, view: SessionView, shown: SessionView | undefined): void {
    const log = this.#logs.get(client.object)?.viewAt(view.lastSeq);
    const isKnown = shown?.state === view.state && shown.version === view.version;
    const { state, ...rest } = view;
    const { state: expected = undefined, ...restExpected } = log ?? {};
    if (!isDeepStrictEqual(rest, restExpected) || !(isKnown || isDeepStrictEqual(state, expected)))
      client.object.world.fail(
        `${client.name} shows ${JSON.stringify(view)}; the log folds to ${JSON.stringify(log)}`,
      );
  }
}
