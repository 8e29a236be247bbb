import type { DatabaseSync } from "node:sqlite";
import { Kernel } from "../../kernel/index.ts";
import { NodeSql } from "../../node/node-sql.ts";
import type { Clock } from "../../object/clock.ts";
import type { SessionHooks } from "../../object/session-hooks.ts";
import { SessionHost } from "../../object/session-host.ts";
import { type Life, lives } from "./lives.ts";
import type { Asker } from "./remote.ts";
import { ServerSocket } from "./server-socket.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { Wire } from "./wire.ts";

/** One life of an object in memory: the real host on the real kernel, awake between a boot and a death. */
export class Instance implements Life {
  readonly #object: SessionObject;
  readonly #sockets = new Map<Wire, ServerSocket>();
  readonly #kind: SimulatedKind;
  readonly ready: Promise<void>;
  readonly clock: Clock;
  isDead = false;
  /** Whether the boot is done. */
  isAwake = false;
  /** Promises of the clock that this instance awaits; the platform hibernates none that does. */
  waits = 0;
  #host: SessionHost | null = null;

  constructor(object: SessionObject) {
    this.#object = object;
    this.clock = { now: () => this.now, wait: (ms) => this.#wait(ms) };
    const life = `${object.name} life ${object.deaths + object.hibernations}`;
    const asker: Asker = {
      object,
      isDead: () => this.isDead,
      wait: (change) => {
        this.waits += change;
      },
    };
    this.#kind = new SimulatedKind(this, asker, object.world.random.fork(life));
    this.ready = this.run(() => this.#boot());
  }

  get now(): number {
    return this.#object.now;
  }

  /** Runs code of this instance: the platform's clock and timers are its own meanwhile. */
  run<T>(body: () => T): T {
    return lives.run(this, body);
  }

  get host(): SessionHost {
    if (!this.#host) throw new Error("The instance is used before it is awake.");
    return this.#host;
  }

  /** Its process has died in this very turn: what it reads now is nothing. */
  get isDying(): boolean {
    return this.isDead || this.#object.database.isKilled;
  }

  get hooks(): SessionHooks {
    return this.#kind.hooks;
  }

  socketOf(wire: Wire): WebSocket {
    let socket = this.#sockets.get(wire);
    if (!socket) {
      socket = new ServerSocket(wire, (send) => {
        if (!this.isDead) this.#object.output(send);
      });
      this.#sockets.set(wire, socket);
    }
    return socket as unknown as WebSocket;
  }

  /** The order of `Session`'s own boot. */
  async #boot(): Promise<void> {
    const object = this.#object;
    const sql = new NodeSql(object.database as unknown as DatabaseSync);
    const { definition } = this.#kind;
    const kernel = Kernel.open(sql, SimulatedKind.kind, object.name, definition, object.now);
    const state = this.#state();
    const armedAt = await state.storage.getAlarm();
    const host = new SessionHost(state, kernel, definition.limits, this.hooks, armedAt, this.clock);
    this.#host = host;
    if (!kernel.exists) {
      host.write(undefined, (writer) => {
        writer.create();
        writer.setLifecycle("active");
      });
    }
    host.start();
    this.isAwake = true;
  }

  #state(): DurableObjectState {
    const object = this.#object;
    const state = {
      storage: {
        getAlarm: async () => object.alarm,
        setAlarm: async (at: number) => this.#unlessDead(() => object.setAlarm(at)),
        deleteAlarm: async () => this.#unlessDead(() => object.setAlarm(null)),
      },
      acceptWebSocket: (socket: ServerSocket, tags: string[]) => {
        socket.wire.tags = tags;
      },
      getWebSockets: (tag?: string) => object.heldWires(tag).map((wire) => this.socketOf(wire)),
      waitUntil: (promise: Promise<unknown>) => void promise.catch((thrown) => object.threw(this, thrown)),
      abort: (reason: string) => this.#unlessDead(() => this.#givesUp(reason)),
    };
    return state as unknown as DurableObjectState;
  }

  #wait(ms: number): Promise<void> {
    this.waits += 1;
    return new Promise((resolve) => {
      this.#object.world.timeline.plan(ms, `${this.#object.name} waited`, () => {
        if (this.isDead) return;
        this.waits -= 1;
        resolve();
      });
    });
  }

  /** Only a disk that failed is a reason to. */
  #givesUp(reason: string): void {
    const { database, world, name } = this.#object;
    if (!database.isKilled && !database.isDoomed && !reason.includes("disk I/O error"))
      world.fail(`${name} gave itself up: ${reason}`);
    database.doom();
  }

  #unlessDead(act: () => void): void {
    if (!this.isDead) act();
  }
}
