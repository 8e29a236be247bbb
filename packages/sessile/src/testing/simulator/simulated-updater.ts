import { type ErrorCode, SessileError } from "../../protocol/error.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import { parseProducerPosition } from "../../protocol/ids.ts";
import type { SessionView } from "../../protocol/view.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedState } from "./simulated-kind.ts";

/** Closed before it learnt, or asked again when the event was archived (RT4). */
const isUnknown: ReadonlySet<ErrorCode> = new Set(["unavailable", "fenced"]);

/** A change by a function, and what its caller was told. */
interface Update {
  readonly tag: string;
  told: "waiting" | "done" | "refused" | "unknown";
}

/** Changes the state by functions only, which the client makes compare-and-set of, so that none is lost or made twice. */
export class SimulatedUpdater {
  readonly client: SimulatedClient;
  readonly #updates: Update[] = [];

  /** @param client nobody else sends through */
  constructor(client: SimulatedClient) {
    this.client = client;
  }

  /** Adds a mark to those that are there. Whoever replaces the state takes them all away. */
  update(): void {
    const { name, object } = this.client;
    const { world } = object;
    const update: Update = { tag: `${name}-${this.#updates.length}`, told: "waiting" };
    this.#updates.push(update);
    world.note(`${name} updates ${update.tag}`);
    this.client
      .update((state) => ({ ...state, marks: [...(state.marks ?? []), update.tag] }))
      .then(
        () => this.#learns(update, "done"),
        (thrown: unknown) =>
          this.#learns(update, isUnknown.has(SessileError.from(thrown).code) ? "unknown" : "refused"),
      );
  }

  get lack(): string | null {
    const waiting = this.#updates.find(({ told }) => told === "waiting");
    return waiting ? `${waiting.tag} waits for its answer` : null;
  }

  /** What it wrote is the state before and its own marks after those that were there, each once and in the order they were made. */
  check(events: readonly SessionEvent[], views: readonly SessionView[]): void {
    const { name, object } = this.client;
    const made: string[] = [];
    for (const { seq, clientEventId } of events) {
      if (clientEventId === null || parseProducerPosition(clientEventId)?.producer !== name) continue;
      const [before, after] = [views[seq - 2], views[seq - 1]].map((view) => view?.state as SimulatedState);
      const [had = [], has = []] = [before?.marks, after?.marks];
      const added = has.slice(had.length);
      made.push(...added);
      const expected = JSON.stringify({ ...before, marks: [...had, ...added] });
      if (added.length === 0 || JSON.stringify(after) !== expected)
        object.world.fail(`${clientEventId} made ${JSON.stringify(after)} of ${JSON.stringify(before)}`);
    }
    const order = this.#updates.filter(({ tag }) => made.includes(tag)).map(({ tag }) => tag);
    if (order.join() !== made.join())
      object.world.fail(`${name} made the updates ${made.join()}, whose order is ${order.join()}`);
    for (const { tag, told } of this.#updates)
      if (told === "done" ? !made.includes(tag) : told === "refused")
        object.world.fail(`the update ${tag} is ${told}, and the log has ${made.join()}`);
  }

  #learns(update: Update, told: Update["told"]): void {
    this.client.object.world.note(`${this.client.name} learns ${update.tag} ${told}`);
    update.told = told;
  }
}
