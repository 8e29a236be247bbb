import { alone } from "./alone.ts";
import { checkClients, checkSession } from "./check.ts";
import { RecordCheck } from "./check-record.ts";
import { Driver, type Stage } from "./driver.ts";
import { Ledger } from "./ledger.ts";
import { LogFollower } from "./log-follower.ts";
import { PolicyBook } from "./policy-book.ts";
import type { Random } from "./random.ts";
import { RequestSender } from "./request-sender.ts";
import { SessionObject } from "./session-object.ts";
import { SimulatedAuthor } from "./simulated-author.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedD1 } from "./simulated-d1.ts";
import { SimulatedReader } from "./simulated-reader.ts";
import { SimulatedUpdater } from "./simulated-updater.ts";
import { StreamWriter } from "./stream-writer.ts";
import { ViewCheck } from "./view-check.ts";
import { type Repertoire, World } from "./world.ts";

export interface SimulationOptions {
  /** Things done before the last quiet. Default 80. */
  readonly steps?: number;
  /** Sessions in ledger mode, on one database that fails as it likes. */
  readonly inLedgerMode?: boolean;
  /** Default: everything. */
  readonly repertoire?: Repertoire;
  /** One session, few clients and a dozen things done, so that very many histories can be had. */
  readonly isShort?: boolean;
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
const shortSteps = 7;
/** Simulated time in which a world without faults must come to rest. */
const restWithinMs = 20 * 60_000;
/** Turns within one millisecond, far more than any burst of commands takes. */
const maxTurnsAtOnce = 3000;

/** Runs one seed to its end. Never throws for what it finds. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationReport> {
  const simulation = new Simulation(seed, options);
  await alone(simulation.world, () =>
    simulation.run(options.steps ?? (options.isShort ? shortSteps : defaultSteps)),
  );
  const report = simulation.report();
  simulation.dispose();
  return report;
}

/** What has to happen before a session is at rest. */
const dueSql = `SELECT timer_id FROM _sessile_timer
  WHERE name <> '' OR timer_id LIKE 'gate:%' OR timer_id LIKE 'policies:%' OR timer_id = 'summary:request'`;

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #ledger = new Ledger();
  #stage: Stage;
  /** All who are connected to a session. */
  readonly #everyone: readonly SimulatedClient[];
  readonly #logs: ReadonlyMap<SessionObject, LogFollower>;
  readonly #views: ViewCheck;
  #turns = 0;
  #record: RecordCheck | null = null;

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed;
    this.#world = new World(seed, options);
    const world = this.#world;
    const { isShort = false } = options;
    const random = world.random.fork("cast");
    const objects = times(isShort ? 1 : random.pick([1, 1, 2]), (n) => new SessionObject(world, `s${n}`));
    this.#logs = new Map(objects.map((object) => [object, new LogFollower(object)]));
    const make = <Member>(
      count: number,
      dice: Random,
      one: (n: number, object: SessionObject, log: LogFollower) => Member,
    ) =>
      times(count, (n) => {
        const object = dice.pick(objects);
        return one(n, object, this.#logs.get(object) as LogFollower);
      });
    const clients = make(
      isShort ? random.between(2, 3) : random.between(3, 6),
      random,
      (n, object) => new SimulatedClient(world, this.#ledger, `c${n}`, object),
    );
    const senders = make(
      isShort ? 1 : 2,
      random,
      (n, ...of) => new RequestSender(world, this.#ledger, `r${n}`, ...of),
    );
    const streaming = world.random.fork("streaming");
    const [readerCount, writerCount] = !world.hasStreams ? [0, 0] : isShort ? [1, 1] : [3, 2];
    const readers = make(
      readerCount,
      streaming,
      (n, ...of) => new SimulatedReader(world, `reader${n}`, ...of),
    );
    const writers = make(writerCount, streaming, (n, ...of) => new StreamWriter(world, `writer${n}`, ...of));
    const updaters = make(
      // The state of agents is nobody's to write but theirs.
      !world.hasEverything || world.runs ? 0 : isShort ? 1 : 2,
      world.random.fork("updating"),
      (n, object) => new SimulatedUpdater(new SimulatedClient(world, this.#ledger, `u${n}`, object, true)),
    );
    const authors = make(
      world.hasDrafts ? 2 : 0,
      world.random.fork("drafting"),
      (n, object) => new SimulatedAuthor(new SimulatedClient(world, this.#ledger, `a${n}`, object)),
    );
    this.#stage = { world, objects, clients, updaters, authors, senders, readers, writers, policies: null };
    this.#everyone = [...clients, ...[...updaters, ...authors].map(({ client }) => client)];
    this.#views = new ViewCheck(this.#logs);
  }

  async #openRecord(): Promise<void> {
    const d1 = await SimulatedD1.open(this.#world);
    this.#world.d1 = d1;
    this.#record = new RecordCheck(d1, this.#ledger);
    if (this.#world.hasEverything)
      this.#stage = { ...this.#stage, policies: new PolicyBook(this.#world, d1, this.#stage.objects) };
  }

  async run(steps: number): Promise<void> {
    try {
      if (this.#world.hasRecord) await this.#openRecord();
      await this.#run(steps);
    } catch (thrown) {
      this.#world.fail(`the simulation threw ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
    }
  }

  async #run(steps: number): Promise<void> {
    const driver = new Driver(this.#stage);
    const { trouble } = this.#world;
    const parts = this.#world.isShort ? [steps] : [Math.floor(steps / 2), Math.ceil(steps / 2)];
    for (const part of parts) {
      this.#world.trouble = trouble;
      for (let step = 0; step < part && this.#world.failures.length === 0; step++) {
        const pauseMs = driver.act();
        await this.#turnEnds();
        await this.#pass(pauseMs);
      }
      if (this.#world.failures.length === 0) await this.#comeToRest();
      if (this.#world.failures.length === 0) this.#check();
    }
    for (const client of this.#everyone) client.close();
    await this.#drained();
  }

  dispose(): void {
    for (const object of this.#stage.objects) object.dispose();
    this.#world.d1?.dispose();
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
    await this.#drained();
    for (const object of this.#stage.objects) object.endTurn();
    for (const log of this.#logs.values()) log.follow();
    this.#record?.always(this.#stage.objects, this.#everyone);
    this.#views.always(this.#everyone);
    if (this.#world.hasDrafts) SimulatedAuthor.always(this.#everyone);
  }

  /** Ends every fault and waits until nothing is under way. */
  async #comeToRest(): Promise<void> {
    const { objects } = this.#stage;
    const world = this.#world;
    world.note("heals");
    world.heal();
    for (const object of objects) {
      object.database.clearFuse();
      object.dieAtCommit(null);
      object.setSkew(0);
    }
    for (const client of this.#everyone) {
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

  /** Every promise that can settle has, once the event loop comes round: nothing here waits for the machine. */
  async #drained(): Promise<void> {
    await eventLoop();
    while (this.#world.packing.isUnderWay) await eventLoop();
  }

  /** What is still under way, or null. */
  #unrest(): string | null {
    for (const { name, database, isAlarmRunning, hasLog } of this.#stage.objects) {
      if (isAlarmRunning) return `the alarm of ${name} runs`;
      if (!hasLog) continue;
      const [due] = database.peek(dueSql);
      if (due) return `${due.timer_id} of ${name} is not due or was not heard`;
      const [work] = database.peek("SELECT work_id FROM _sessile_work WHERE status = 'running'");
      if (work) return `${work.work_id} of ${name} runs`;
    }
    for (const object of this.#record ? this.#stage.objects : []) {
      if (!object.hasLog) continue;
      const recorded = this.#record?.recordedSeq(object);
      if (recorded !== object.durableSeq)
        return `${recorded} of ${object.durableSeq} events of ${object.name} are recorded`;
    }
    for (const client of this.#everyone) {
      const { connection, lastSeq, pending, error } = client.snapshot;
      if (connection !== "live") return `${client.name} is ${connection}: ${error?.message ?? ""}`;
      const { durableSeq } = client.object;
      if (client.followsEvents && lastSeq !== durableSeq)
        return `${client.name} is at ${lastSeq} of ${durableSeq}`;
      if (pending.length > 0) return `${client.name} still shows ${pending[0]?.id} as pending`;
    }
    const { readers, writers, updaters, authors } = this.#stage;
    for (const { lack } of [...readers, ...writers, ...updaters, ...authors]) if (lack) return lack;
    const [promised] = this.#ledger.waiting;
    return promised ? `${promised.id} waits for its answer` : null;
  }

  #check(): void {
    for (const object of this.#stage.objects) {
      const log = this.#logs.get(object) as LogFollower;
      checkSession(object, this.#ledger, log, this.#stage);
      this.#record?.atRest(object, log);
    }
    checkClients(this.#everyone, this.#logs);
    for (const writer of this.#stage.writers) writer.check();
  }
}

function times<Member>(count: number, make: (n: number) => Member): Member[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

function eventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
