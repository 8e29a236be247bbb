import { isDeepStrictEqual } from "node:util";
import type { LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedClient } from "./simulated-client.ts";

/** The state that a client shows is the fold of the log at the version it names, whenever it shows one. */
export class StateCheck {
  readonly #logs: ReadonlyMap<SessionObject, LogFollower>;
  readonly #shown = new Map<SimulatedClient, unknown>();

  constructor(logs: ReadonlyMap<SessionObject, LogFollower>) {
    this.#logs = logs;
  }

  always(clients: readonly SimulatedClient[]): void {
    for (const client of clients) {
      const { view } = client.snapshot;
      if (!view || this.#shown.get(client) === view.state) continue;
      this.#shown.set(client, view.state);
      const state = this.#logs.get(client.object)?.stateAt(view.version);
      if (!isDeepStrictEqual(view.state, state))
        client.object.world.fail(
          `${client.name} shows the state ${JSON.stringify(view.state)} as version ${view.version}; the log has ${JSON.stringify(state)}`,
        );
    }
  }
}
