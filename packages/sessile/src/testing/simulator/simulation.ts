import { checkClients, checkSession } from "./check.ts";
import { RecordCheck } from "./check-record.ts";
import { Driver, type Stage } from "./driver.ts";
import { Ledger } from "./ledger.ts";
import { LogFollower } from "./log-follower.ts";
import type { Mutant } from "./mutants.ts";
import { RequestSender } from "./request-sender.ts";
import { SessionObject } from "./session-object.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedD1 } from "./simulated-d1.ts";
import { SimulatedReader } from "./simulated-reader.ts";
import { StateCheck } from "./state-check.ts";
import { StreamWriter } from "./stream-writer.ts";
import type { Planned } from "./timeline.ts";
import { World } from "./world.ts";

export interface SimulationOptions {
  /** Things done before the last quiet. Default 80. */
  readonly steps?: number;
  readonly mutant?: Mutant;
  /** Sessions in ledger mode, on one database that fails as it likes. */
  readonly inLedgerMode?: boolean;
  /** Without streams and long states. Seeds that found something before there were any mean what they meant. */
  readonly isPlain?: boolean;
  readonly keepTrace?: boolean;
}

export interface SimulationReport {
  readonly seed: number;
  /** What was found wrong; empty is good. */
  readonly failures: readonly string[];
  /** The same for every run of the same seed. */
  readonly traceHash: string;
  /** Events of the simulated world. */
  readonly turns: number;
  readonly commands: number;
  readonly deaths: number;
  readonly hibernations: number;
  readonly trace: readonly string[];
}

const defaultSteps = 80;
/** Simulated time in which a world without faults must come to rest. */
const restWithinMs = 20 * 60_000;
/** Turns within one millisecond, far more than any burst of commands takes. */
const maxTurnsAtOnce = 3000;

/** Runs one seed to its end. Never throws for what it finds. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationReport> {
  const simulation = new Simulation(seed, options);
  if (options.inLedgerMode) await simulation.openRecord();
  await simulation.alone(() => simulation.run(options.steps ?? defaultSteps));
  return simulation.report();
}

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #stage: Stage;
  readonly #logs: ReadonlyMap<SessionObject, LogFollower>;
  readonly #states: StateCheck;
  #turns = 0;
  #record: RecordCheck | null = null;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#world = new World(
      seed,
      options.mutant ?? null,
      options.isPlain ?? false,
      options.keepTrace ?? false,
    );
    const world = this.#world;
    const random = world.random.fork("cast");
    const objects = Array.from(
      { length: random.pick([1, 1, 2]) },
      (_, n) => new SessionObject(world, `s${n}`),
    );
    const clients = Array.from(
      { length: random.between(3, 6) },
      (_, n) => new SimulatedClient(world, this.#ledger, `c${n}`, random.pick(objects)),
    );
    const senders = Array.from(
      { length: 2 },
      (_, n) => new RequestSender(world, this.#ledger, `r${n}`, random.pick(objects)),
    );
    this.#logs = new Map(objects.map((object) => [object, new LogFollower(object)]));
    const streaming = world.random.fork("streaming");
    const cast = <One>(count: number, make: (n: number, object: SessionObject, log: LogFollower) => One) =>
      Array.from({ length: world.isPlain ? 0 : count }, (_, n) => {
        const object = streaming.pick(objects);
        return make(n, object, this.#logs.get(object) as LogFollower);
      });
    const readers = cast(3, (n, ...of) => new SimulatedReader(world, `reader${n}`, ...of));
    const writers = cast(2, (n, ...of) => new StreamWriter(world, `writer${n}`, ...of));
    this.#stage = { world, objects, clients, senders, readers, writers };
    this.#states = new StateCheck(this.#logs);
  }

  /** The jitter of retries and the pauses of stream readers are not handed in; here they come from the seed too. */
  async alone(body: () => Promise<void>): Promise<void> {
    const { setTimeout, clearTimeout } = globalThis;
    const { random } = Math;
    const { timeline } = this.#world;
    const jitter = this.#world.random.fork("jitter");
    Math.random = () => jitter.next();
    globalThis.setTimeout = ((run: () => void, delayMs = 0) =>
      timeline.plan(delayMs, "a pause", run)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((planned?: Planned) =>
      timeline.cancel(planned ?? null)) as typeof clearTimeout;
    try {
      await body();
    } finally {
      Math.random = random;
      Object.assign(globalThis, { setTimeout, clearTimeout });
    }
  }

  async openRecord(): Promise<void> {
    this.#world.d1 = await SimulatedD1.open(this.#world);
    this.#record = new RecordCheck(this.#world.d1, this.#ledger);
  }

  async run(steps: number): Promise<void> {
    const driver = new Driver(this.#stage);
    const { trouble } = this.#world;
    for (const part of [Math.floor(steps / 2), Math.ceil(steps / 2)]) {
      this.#world.trouble = trouble;
      for (let step = 0; step < part && this.#world.failures.length === 0; step++) {
        const pauseMs = driver.act();
        await this.#turnEnds();
        await this.#pass(pauseMs);
      }
      if (this.#world.failures.length === 0) await this.#comeToRest();
      if (this.#world.failures.length === 0) this.#check();
    }
    for (const client of this.#stage.clients) client.close();
    await drained();
  }

  report(): SimulationReport {
    const { failures, traceHash, lines } = this.#world;
    const { objects } = this.#stage;
    return {
      seed: this.#seed,
      failures,
      traceHash,
      turns: this.#turns,
      commands: this.#ledger.all.length,
      deaths: objects.reduce((sum, { deaths }) => sum + deaths, 0),
      hibernations: objects.reduce((sum, { hibernations }) => sum + hibernations, 0),
      trace: lines ?? [],
    };
  }

  /** Lets simulated time pass, one event after the other. */
  async #pass(ms: number): Promise<void> {
    const { timeline, trouble, random } = this.#world;
    const until = timeline.now + ms;
    let turnsAtOnce = 0;
    let now = timeline.now;
    for (let next = timeline.take(until); next; next = timeline.take(until)) {
      next.run?.();
      this.#turns += 1;
      turnsAtOnce = timeline.now === now ? turnsAtOnce + 1 : 0;
      now = timeline.now;
      if (turnsAtOnce > maxTurnsAtOnce) {
        this.#world.fail(`goes round in circles: ${next.label}`);
        return;
      }
      await this.#turnEnds();
      if (random.chance(trouble.hibernation)) random.pick(this.#stage.objects).hibernate();
    }
  }

  async #turnEnds(): Promise<void> {
    await drained();
    for (const object of this.#stage.objects) object.endTurn();
    this.#record?.always(this.#stage.objects, this.#stage.clients);
    this.#states.always(this.#stage.clients);
  }

  /** Ends every fault and waits until nothing is under way. */
  async #comeToRest(): Promise<void> {
    const { world } = this;
    const { objects, clients } = this.#stage;
    world.note("heals");
    world.heal();
    for (const object of objects) {
      object.database.clearFuse();
      object.dieAtCommit(null);
      object.setSkew(0);
    }
    for (const client of clients) {
      client.setLink("up");
      client.setOnline(true);
    }
    const deadline = world.timeline.now + restWithinMs;
    for (let quiet = 0; quiet < 3; ) {
      const left = this.#unrest();
      quiet = left === null ? quiet + 1 : 0;
      if (left !== null && world.timeline.now > deadline) return world.fail(`does not come to rest: ${left}`);
      if (world.failures.length > 0) return;
      await this.#pass(3000);
    }
  }

  get world(): World {
    return this.#world;
  }

  /** What is still under way, or null. */
  #unrest(): string | null {
    for (const { name, database, isAlarmRunning } of this.#stage.objects) {
      if (isAlarmRunning) return `the alarm of ${name} runs`;
      if (
        Number(
          database.peek("SELECT count(*) AS n FROM sqlite_master WHERE name = '_sessile_timer'")[0]?.n,
        ) === 0
      )
        continue;
      const [due] = database.peek(
        "SELECT timer_id FROM _sessile_timer WHERE name <> '' OR timer_id LIKE 'gate:%'",
      );
      if (due) return `${due.timer_id} of ${name} is not due or was not heard`;
      const [work] = database.peek("SELECT work_id FROM _sessile_work WHERE status = 'running'");
      if (work) return `${work.work_id} of ${name} runs`;
    }
    for (const object of this.#record ? this.#stage.objects : []) {
      if (!object.hasLog) continue;
      const [row] = object.database.peek("SELECT coalesce(max(last_seq), 0) AS seq FROM _sessile_log");
      const recorded = this.#record?.recordedSeq(object);
      if (recorded !== row?.seq) return `${recorded} of ${row?.seq} events of ${object.name} are recorded`;
    }
    for (const client of this.#stage.clients) {
      const { connection, lastSeq, pending, error } = client.snapshot;
      if (connection !== "live") return `${client.name} is ${connection}: ${error?.message ?? ""}`;
      const [row] = client.object.database.peek("SELECT max(last_seq) AS seq FROM _sessile_log");
      if (client.followsEvents && lastSeq !== row?.seq)
        return `${client.name} is at ${lastSeq} of ${row?.seq}`;
      if (pending.length > 0) return `${client.name} still shows ${pending[0]?.id} as pending`;
    }
    for (const { lack } of [...this.#stage.readers, ...this.#stage.writers]) if (lack) return lack;
    const [promised] = this.#ledger.waiting;
    return promised ? `${promised.id} waits for its answer` : null;
  }

  #check(): void {
    for (const object of this.#stage.objects) {
      checkSession(object, this.#ledger);
      this.#record?.atRest(object);
    }
    checkClients(this.#stage.clients);
    for (const writer of this.#stage.writers) writer.check();
  }
}

/** Every promise that can settle has, once the event loop comes round: nothing here waits for the machine. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
