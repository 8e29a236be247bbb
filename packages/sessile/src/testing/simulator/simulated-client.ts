import {
  type Clock,
  type CommandResult,
  type DraftActions,
  type HttpTransportOptions,
  longPoll,
  type Network,
  poll,
  SessionClient,
  sse,
  type Transport,
} from "../../client/index.ts";
import type { Command } from "../../protocol/command.ts";
import type { Callable, EventMap } from "../../protocol/contract.ts";
import { SessileError } from "../../protocol/error.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { Answer, Ledger, Promised } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { SessionObject } from "./session-object.ts";
import { type Line, SimulatedHttp } from "./simulated-http.ts";
import { SimulatedKind, type SimulatedState } from "./simulated-kind.ts";
import { SimulatedWorker } from "./simulated-worker.ts";
import type { Planned } from "./timeline.ts";
import { Wire } from "./wire.ts";
import type { World } from "./world.ts";

/** What clients know of simulated sessions. */
interface Contract {
  readonly initialState: SimulatedState;
  readonly eventTypes?: EventMap;
  readonly scatter: Callable<[string, number], Json>;
}

/** `down`: dialling is refused at once. `swallowing`: nothing comes back at all. */
export type LinkState = "up" | "down" | "swallowing";

/** A person at one machine: the real client, started again after each crash of theirs with the next epoch. */
export class SimulatedClient {
  readonly name: string;
  readonly object: SessionObject;
  readonly history: number;
  readonly followsEvents: boolean;
  /** Every event that was ever shown to the application. */
  readonly heard: SessionEvent[] = [];
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #random: Random;
  /** Goes on from a snapshot after an absence, so that it may miss events. */
  readonly #fromSnapshot: boolean;
  readonly #timers = new Set<Planned>();
  #client: SessionClient<Contract>;
  readonly #http: SimulatedHttp | null;
  /** Null: the default. */
  readonly #transport: Transport | null;
  #epoch = 0;
  #nextN = 0;
  #link: LinkState = "up";
  #isOnline = true;
  #networkChanged: ((online: boolean) => void) | null = null;
  #wires: Wire[] = [];
  #dialled = 0;
  #lastHeard = 0;

  /** @param updates whether it is to change the state by functions */
  constructor(world: World, ledger: Ledger, name: string, object: SessionObject, updates = false) {
    this.#world = world;
    this.#ledger = ledger;
    this.name = name;
    this.object = object;
    this.#random = world.random.fork(`client ${name}`);
    this.history = this.#random.pick([0, 3, 1_000_000]);
    this.followsEvents = this.#random.chance(0.85) || updates;
    this.#fromSnapshot = world.hasSnapshots && world.random.fork(`from ${name}`).chance(0.3);
    this.#http = world.hasHttp && world.random.fork(`line of ${name}`).chance(0.5) ? this.#overHttp() : null;
    this.#transport = this.#http && this.#transportOver(this.#http);
    this.#client = this.#start();
  }

  get snapshot() {
    return this.#client.getSnapshot();
  }

  /** What its newest connection goes through, or what all its requests do. */
  get line(): Line | null {
    return this.#http ?? this.#wires.at(-1) ?? null;
  }

  /** Sends a command and enters into the ledger what is promised for it. */
  send(command: Command): void {
    const id = `${this.name}.${this.#epoch}.${this.#nextN++}`;
    const promised = this.#ledger.open(this.name, this.object, id, command);
    this.#world.note(`${this.name} sends ${id} ${JSON.stringify(command)}`);
    this.#perform(command).then(
      ({ seq, result }) => this.#told(promised, { is: "done", seq, result }),
      (thrown: unknown) => {
        const error = SessileError.from(thrown);
        const wasClosed = error.code === "unavailable";
        this.#told(promised, wasClosed ? { is: "unknown" } : { is: "refused", error });
      },
    );
  }

  get drafts(): DraftActions<Contract> {
    return this.#client.draft;
  }

  /** Changes the state by a function, which is run again whenever others were faster. */
  update(change: (state: SimulatedState) => SimulatedState): Promise<CommandResult> {
    return this.#client.setState(change as never);
  }

  // Faults.

  setLink(link: LinkState): void {
    this.#link = link;
    if (link === "swallowing") this.line?.silence();
  }

  setOnline(isOnline: boolean): void {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.#networkChanged?.(isOnline);
  }

  /** The application ends in the middle of everything and starts again, as its own successor. */
  restart(): void {
    this.#world.note(`${this.name} restarts`);
    this.#client.close();
    for (const planned of this.#timers) this.#world.timeline.cancel(planned);
    this.#timers.clear();
    this.#epoch += 1;
    this.#nextN = 0;
    this.#lastHeard = 0;
    this.#client = this.#start();
  }

  close(): void {
    this.#client.close();
  }

  #overHttp(): SimulatedHttp {
    const worker = new SimulatedWorker(this.#world, this.object);
    return new SimulatedHttp(this.#world, worker, this.name, () => {
      // What is unanswered goes again, while the copy before may still be under way.
      this.#copied();
      return this.#link;
    });
  }

  #transportOver({ fetch }: SimulatedHttp): Transport {
    const make = this.#random.pick([
      sse,
      longPoll,
      (options: HttpTransportOptions) => poll({ ...options, intervalMs: 5000 }),
    ]);
    return make({ fetch });
  }

  #copied(): void {
    for (const promised of this.#ledger.waiting) if (promised.sender === this.name) promised.copies += 1;
  }

  #start(): SessionClient<Contract> {
    const client = new SessionClient<Contract>({
      url: "ws://simulated.test",
      kind: SimulatedKind.kind,
      name: this.object.name,
      producer: this.name,
      epoch: this.#epoch,
      history: this.history,
      maxEvents: 1_000_000,
      events: this.followsEvents,
      ...(this.#transport ? { transport: this.#transport } : {}),
      ...(this.#fromSnapshot ? { from: "snapshot" } : {}),
      clock: this.#clock(),
      random: () => this.#random.next(),
      network: this.#network(),
      WebSocket: this.#socketConstructor(),
    });
    client.events.subscribe((events) => this.#hear(events));
    client.start();
    return client;
  }

  async #perform(command: Command): Promise<{ seq: number | null; result: Json | undefined }> {
    if (command.op === "call") {
      const methods = this.#client.call as unknown as Record<string, (...args: Json[]) => Promise<Json>>;
      const method = methods[command.method] as (...args: Json[]) => Promise<Json>;
      return { seq: null, result: await method(...command.args) };
    }
    const { seq, result } = await this.#issue(command);
    return { seq, result };
  }

  #issue(command: Exclude<Command, { op: "call" }>): Promise<CommandResult> {
    const client = this.#client;
    switch (command.op) {
      case "append":
        return client.append(command.type, command.payload ?? null);
      case "setState":
        return client.setState(
          command.state as SimulatedState,
          command.ifVersion === undefined ? {} : { ifVersion: command.ifVersion },
        );
      case "setStatus":
        return client.setStatus(
          command.to,
          command.expectedVersion === undefined ? {} : { expectedVersion: command.expectedVersion },
        );
      case "answerGate": {
        const { op: _op, gateId, answer, ...more } = command;
        return client.answerGate(gateId, answer, more);
      }
      case "setLifecycle":
        return client.setLifecycle(command.to);
      case "reset":
        return client.reset();
      default:
        throw new Error("No such operation.");
    }
  }

  #told(promised: Promised, answer: Answer): void {
    this.#world.note(`${this.name} learns ${promised.id} ${answer.is}`);
    this.#ledger.tell(promised, this.object, answer);
  }

  #hear(events: readonly SessionEvent[]): void {
    for (const event of events) {
      // A client that begins anywhere follows without gap or repeat from there on.
      const missed = event.seq - this.#lastHeard - 1;
      if (this.#lastHeard !== 0 && (this.#fromSnapshot ? missed < 0 : missed !== 0))
        this.#world.fail(`${this.name} was shown ${event.seq} after ${this.#lastHeard}`);
      this.#lastHeard = event.seq;
      this.heard.push(event);
    }
  }

  #clock(): Clock {
    const { timeline } = this.#world;
    return {
      now: () => timeline.now,
      setTimeout: (run, delayMs) => {
        const planned = timeline.plan(delayMs, `${this.name} timer`, () => {
          this.#timers.delete(planned);
          run();
        });
        this.#timers.add(planned);
        return planned;
      },
      clearTimeout: (timer) => {
        if (!timer) return;
        this.#timers.delete(timer as Planned);
        timeline.cancel(timer as Planned);
      },
    };
  }

  #network(): Network {
    return {
      isOnline: () => this.#isOnline,
      listen: (changed) => {
        this.#networkChanged = changed;
        return () => {
          if (this.#networkChanged === changed) this.#networkChanged = null;
        };
      },
    };
  }

  #socketConstructor(): new (url: string, protocols: string[]) => Wire["client"] {
    const dial = () => this.#dial().client;
    return class {
      constructor() {
        // biome-ignore lint/correctness/noConstructorReturn: a wire makes both ends, and `new` is how clients make sockets
        return dial();
      }
    } as unknown as new (
      url: string,
      protocols: string[],
    ) => Wire["client"];
  }

  #dial(): Wire {
    const wire = new Wire(this.#world, `${this.name}#${++this.#dialled}`, this.name, this.object);
    this.#wires = [wire];
    // What is unanswered goes again, while the copy before may still be under way.
    this.#copied();
    if (this.#link === "up") wire.dial();
    if (this.#link === "down") wire.refuse();
    return wire;
  }
}
