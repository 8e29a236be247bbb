import { isDeepStrictEqual } from "node:util";
import { sessionIdOf } from "../../record/record.ts";
import type { Ledger, Promised } from "./ledger.ts";
import type { LogOnDisk } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedD1 } from "./simulated-d1.ts";
import { SimulatedKind } from "./simulated-kind.ts";

/** What must hold of the record at every moment, and at rest. */
export class RecordCheck {
  readonly #d1: SimulatedD1;
  readonly #ledger: Ledger;
  readonly #checked = new Set<Promised>();
  readonly #shown = new Map<SimulatedClient, number>();
  readonly #highest = new Map<SessionObject, number>();

  constructor(d1: SimulatedD1, ledger: Ledger) {
    this.#d1 = d1;
    this.#ledger = ledger;
  }

  /** The record never goes back; in ledger mode nobody has been shown or told of what it does not hold. */
  always(objects: readonly SessionObject[], clients: readonly SimulatedClient[]): void {
    const recorded = new Map(objects.map((object) => [object.name, this.recordedSeq(object)]));
    for (const object of objects) {
      const seq = recorded.get(object.name) ?? 0;
      if (seq < (this.#highest.get(object) ?? 0))
        object.world.fail(`${object.name}: the record goes back to ${seq}`);
      this.#highest.set(object, seq);
    }
    if (objects[0]?.world.inLedgerMode) this.#isAhead(recorded, clients);
  }

  #isAhead(recorded: ReadonlyMap<string, number>, clients: readonly SimulatedClient[]): void {
    for (const client of clients) {
      const { lastSeq } = client.snapshot;
      if (this.#shown.get(client) === lastSeq) continue;
      this.#shown.set(client, lastSeq);
      const seq = recorded.get(client.object.name) ?? 0;
      if (lastSeq > seq)
        client.object.world.fail(`${client.name} is shown ${lastSeq}; the record ends at ${seq}`);
    }
    for (const promised of this.#ledger.all) {
      const { told } = promised;
      if (told.is === "waiting" || this.#checked.has(promised)) continue;
      this.#checked.add(promised);
      const seq = recorded.get(promised.session) ?? 0;
      if (told.is === "done" && told.seq !== null && told.seq > seq)
        clients[0]?.object.world.fail(
          `${promised.id} is acknowledged at ${told.seq}; the record ends at ${seq}`,
        );
    }
  }

  /** The record holds the log: every event once, in its order. */
  atRest(object: SessionObject, { events }: LogOnDisk): void {
    const stored = this.#d1.events(sessionIdOf(SimulatedKind.kind, object.name)).map((row) => ({
      seq: row.seq,
      eventId: row.eventId,
      type: row.type,
      clientEventId: row.clientEventId,
      payload: JSON.parse(String(row.payloadJson)) as unknown,
    }));
    const log = events.map(({ seq, eventId, type, clientEventId, payload }) => ({
      seq,
      eventId,
      type,
      clientEventId,
      payload,
    }));
    if (!isDeepStrictEqual(stored, log)) {
      const at = log.findIndex((event, index) => !isDeepStrictEqual(event, stored[index]));
      object.world.fail(
        `${object.name}: the record has ${stored.length} events of ${log.length}, and another one at ${at + 1}`,
      );
    }
  }

  recordedSeq(object: SessionObject): number {
    return this.#d1.recordedSeq(object);
  }
}
