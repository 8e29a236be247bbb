import { answerRequest, type HostRequest } from "../../object/session-request.ts";
import type { Actor } from "../../protocol/event.ts";
import type { SessionReply } from "../../protocol/request.ts";
import { Instance } from "./instance.ts";
import type { Planned } from "./timeline.ts";
import { InjectedFailure, TurnDatabase } from "./turn-database.ts";
import type { Wire, WireEnd } from "./wire.ts";
import type { World } from "./world.ts";

/** A process that dies around a commit: what it wrote is lost, or is there while nobody hears of it. */
export type DeathAtCommit = "before" | "after";

/** The platform stops retrying an alarm's handler at some point; here it never does, as the next deploy would set it again. */
const alarmRetryMs = 2000;

/**
 * One Durable Object: its database and sockets, which outlive its instances, and the platform around it. One event, with
 * every promise it settles, is a turn; what a turn wrote is committed at its end, and what it sent leaves after that.
 */
export class SessionObject implements WireEnd {
  readonly world: World;
  readonly name: string;
  readonly database: TurnDatabase;
  /** The wall clock of this object's machine, beside simulated time. */
  #skewMs = 0;
  #instance: Instance | null = null;
  /** In the order of their acceptance. */
  readonly #wires = new Set<Wire>();
  readonly #requests = new Set<() => void>();
  #outputs: (() => void)[] = [];
  #alarm: number | null = null;
  /** The alarm as this turn has it; undefined: as it was. */
  #turnAlarm: number | null | undefined;
  #ring: Planned | null = null;
  #alarmRun: { replaced: boolean } | null = null;
  #death: DeathAtCommit | null = null;
  /** How far this clock was ever set back, all in all. */
  setBackMs = 0;
  deaths = 0;
  hibernations = 0;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.database = new TurnDatabase(world.mutant);
  }

  get now(): number {
    return this.world.timeline.now + this.#skewMs;
  }

  get instance(): Instance | null {
    return this.#instance;
  }

  get isAlarmRunning(): boolean {
    return this.#alarmRun !== null;
  }

  heldWires(tag: string | undefined): Wire[] {
    return [...this.#wires].filter((wire) => tag === undefined || wire.tags.includes(tag));
  }

  // What happens to it.

  accepted(wire: Wire): void {
    this.enter((instance) => {
      wire.isHeld = true;
      this.#wires.add(wire);
      const peerId = `peer-${wire.name}`;
      instance.host.peers.accept(instance.socketOf(wire), { peerId, actor: actorOf(wire.owner) }, 0);
      this.output(() => wire.toClient({ is: "opened" }));
    }, wire);
  }

  received(wire: Wire, text: string): void {
    this.enter((instance) => instance.host.frames.receive(instance.socketOf(wire), text));
  }

  ended(wire: Wire, code: number): void {
    this.world.note(`${wire.name} ended ${code}`);
    this.enter((instance) => {
      instance.host.left(instance.socketOf(wire));
      this.#wires.delete(wire);
    });
  }

  request(request: HostRequest, owner: string, reply: (reply: SessionReply) => void, lost: () => void): void {
    this.#requests.add(lost);
    const actor = actorOf(owner);
    this.enter(async (instance) => {
      const answer = await answerRequest(instance.host, request, { actor }, (action) =>
        instance.hooks.authorize(actor, action),
      );
      if (instance.isDead) return;
      this.output(() => {
        if (this.#requests.delete(lost)) reply(answer);
      });
    });
  }

  /** Runs `use` in this turn, on an instance that is awake. */
  enter(use: (instance: Instance) => unknown, dialled?: Wire): void {
    if (!this.#instance) {
      this.#instance = new Instance(this);
      this.world.note(`${this.name} boots`);
    }
    const instance = this.#instance;
    void instance.ready
      .then(() => (instance.isDead ? undefined : use(instance)))
      .catch((thrown: unknown) => {
        dialled?.refuse();
        this.threw(instance, thrown);
      });
  }

  threw(instance: Instance, thrown: unknown): void {
    if (instance.isDead || this.database.isKilled) return;
    if (!instance.isAwake) this.database.isDoomed = true;
    if (!(thrown instanceof InjectedFailure))
      this.world.fail(`${this.name} threw ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  }

  /** Something leaves the object: held until the turn's writes are on disk, as by the platform's output gate. */
  output(send: () => void): void {
    if (this.world.mutant?.sendsBeforeCommit) send();
    else this.#outputs.push(send);
  }

  /** The event and all promises it settled have run. */
  endTurn(): void {
    const { database } = this;
    const diesBefore = this.#death === "before" && database.hasWritten;
    if (database.isKilled || database.isDoomed || diesBefore) {
      this.die(diesBefore ? "before its commit" : "in mid-turn");
      return;
    }
    const hasCommitted = database.commitTurn();
    if (this.#turnAlarm !== undefined) {
      this.#alarm = this.#turnAlarm;
      this.#turnAlarm = undefined;
      this.#planRing();
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    const dies = this.#death === "after" && hasCommitted;
    if (dies) outputs.length = this.world.random.between(0, outputs.length);
    for (const send of outputs) send();
    if (dies) this.die("after its commit");
  }

  // Faults.

  dieAtCommit(when: DeathAtCommit | null): void {
    this.#death = when;
  }

  /** The process ends: memory, sockets, and whatever the open turn has written are gone. */
  die(how: string): void {
    this.world.note(`${this.name} dies ${how}`);
    this.deaths += 1;
    this.database.undoTurn();
    this.#death = null;
    this.#turnAlarm = undefined;
    this.#alarmRun = null;
    this.#outputs = [];
    if (this.#instance) this.#instance.isDead = true;
    this.#instance = null;
    for (const wire of this.#wires) wire.serverDied();
    this.#wires.clear();
    for (const lost of [...this.#requests]) lost();
    this.#requests.clear();
    this.#planRing();
  }

  /** The platform takes the memory of an object that waits for nothing, and keeps its sockets. */
  hibernate(): boolean {
    const instance = this.#instance;
    if (!instance || instance.waits > 0 || this.#requests.size > 0 || this.#alarmRun) return false;
    this.world.note(`${this.name} hibernates`);
    this.hibernations += 1;
    instance.isDead = true;
    this.#instance = null;
    if (this.world.mutant?.forgetsAttachments) {
      for (const wire of this.#wires)
        wire.attachment = wire.attachment?.replace(/"phase":"\w+"/, '"phase":"greeting"') ?? null;
    }
    return true;
  }

  setSkew(skewMs: number): void {
    this.setBackMs += Math.max(0, this.#skewMs - skewMs);
    this.#skewMs = skewMs;
    this.#planRing();
  }

  // The alarm, of which an object has one.

  get alarm(): number | null {
    if (this.#alarmRun && !this.#alarmRun.replaced) return null;
    return this.#turnAlarm === undefined ? this.#alarm : this.#turnAlarm;
  }

  setAlarm(at: number | null): void {
    if (this.world.mutant?.deafToAlarms) return;
    if (this.#alarmRun) {
      // Taking the alarm off inside its own handler happens anyhow when the handler ends.
      this.#alarmRun.replaced = at !== null;
      if (at === null) return;
    }
    this.#turnAlarm = at;
  }

  #planRing(delayMs = 0): void {
    const { timeline } = this.world;
    timeline.cancel(this.#ring);
    this.#ring = null;
    if (this.#alarm === null || this.#alarmRun) return;
    const inMs = Math.max(delayMs, this.#alarm - this.now);
    this.#ring = timeline.plan(inMs, `${this.name} alarm`, () => this.#rings());
  }

  /** The alarm stays set until its handler has ended, so that a death in between repeats it. */
  #rings(): void {
    if (this.#alarmRun) return;
    this.world.note(`${this.name} alarm rings`);
    this.enter(async (instance) => {
      const run = { replaced: false };
      this.#alarmRun = run;
      let hasFailed = false;
      try {
        await instance.host.alarmRang();
      } catch (thrown) {
        hasFailed = true;
        this.threw(instance, thrown);
      }
      if (instance.isDead) return;
      this.#alarmRun = null;
      if (!run.replaced && !hasFailed) this.#turnAlarm = null;
      this.#planRing(hasFailed ? alarmRetryMs : 0);
    });
    // An alarm whose boot fails comes again too.
    this.#planRing(alarmRetryMs);
  }
}

export function actorOf(owner: string): Actor {
  return { id: owner, name: owner.toUpperCase() };
}
