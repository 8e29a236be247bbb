import { answerRequest, type HostRequest } from "../../object/session-request.ts";
import { closeCodes } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { SessionReply } from "../../protocol/request.ts";
import type { StreamAction, StreamReply } from "../../protocol/stream-request.ts";
import { borrowDisk, type Disk, newDisk, returnDisk } from "./disk.ts";
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
  readonly #disk: Disk;
  /** The wall clock of this object's machine, beside simulated time. */
  #skewMs = 0;
  #instance: Instance | null = null;
  #durableSeq = 0;
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
    this.#disk = world.isShort ? borrowDisk() : newDisk();
    this.database = new TurnDatabase(this.#disk);
  }

  get now(): number {
    return this.world.timeline.now + this.#skewMs;
  }

  get instance(): Instance | null {
    return this.#instance;
  }

  /** A session of which nothing was ever committed has no tables. */
  get hasLog(): boolean {
    return this.durableSeq > 0;
  }

  /** Of the last event on disk; 0 if there is none. */
  get durableSeq(): number {
    return this.#durableSeq;
  }

  get isAlarmRunning(): boolean {
    return this.#alarmRun !== null;
  }

  heldWires(tag: string | undefined): Wire[] {
    return [...this.#wires].filter((wire) => tag === undefined || wire.tags.includes(tag));
  }

  /** The simulation is over. */
  dispose(): void {
    if (this.#instance) this.#instance.isDead = true;
    if (this.world.isShort) returnDisk(this.#disk);
    else this.#disk.database.close();
  }

  // What happens to it.

  accepted(wire: Wire): void {
    this.enter(async (instance) => {
      if (!(await this.#hasBegun(instance, wire))) return;
      wire.isHeld = true;
      this.#wires.add(wire);
      const peerId = `peer-${wire.name}`;
      instance.host.peers.accept(instance.socketOf(wire), { peerId, actor: actorOf(wire.owner) }, 0);
      this.output(() => wire.toClient({ is: "opened" }));
    }, wire);
  }

  /** Nobody is let in before the session shows (LM11); it stays awake for those who wait. */
  async #hasBegun(instance: Instance, wire: Wire): Promise<boolean> {
    const begun = instance.host.visible.begun();
    if (!begun) return true;
    instance.waits += 1;
    const failure = await begun.then(
      () => null,
      (thrown: unknown) => SessileError.from(thrown),
    );
    instance.waits -= 1;
    if (failure && !instance.isDead)
      this.output(() => wire.toClient({ is: "close", code: closeCodes.restart }));
    return !failure && !instance.isDead;
  }

  /** Somebody comes to read a stream. */
  acceptedReader(wire: Wire, streamId: string, query: URLSearchParams): void {
    // Held from here on, so that it hears of a death while it is let in: its reader waits for as long as it takes.
    wire.isHeld = true;
    this.#wires.add(wire);
    this.enter(async (instance) => {
      if (!(await this.#hasBegun(instance, wire))) return;
      this.output(() => wire.toClient({ is: "opened" }));
      const { sockets, reads } = instance.host.streams;
      const socket = instance.socketOf(wire);
      const info = reads.info(streamId);
      if (info) sockets.admit(socket, info, { actor: actorOf(wire.owner), isRelay: false, query });
      else socket.close(closeCodes.notFound);
    }, wire);
  }

  received(wire: Wire, text: string): void {
    this.enter((instance) => {
      const socket = instance.socketOf(wire);
      const { streams, frames } = instance.host;
      if (streams.sockets.has(socket)) streams.sockets.receive(socket, text);
      else frames.receive(socket, text);
    });
  }

  ended(wire: Wire, code: number): void {
    this.world.note(`${wire.name} ended ${code}`);
    this.enter((instance) => {
      instance.host.left(instance.socketOf(wire));
      this.#wires.delete(wire);
    });
  }

  request(request: HostRequest, owner: string, reply: (reply: SessionReply) => void, lost: () => void): void {
    const actor = actorOf(owner);
    this.#ask(
      (instance) =>
        answerRequest(instance.host, request, { actor }, (action) => instance.hooks.authorize(actor, action)),
      reply,
      lost,
    );
  }

  askStream(
    streamId: string,
    action: StreamAction,
    reply: (reply: StreamReply | SessileError) => void,
    lost: () => void,
  ): void {
    this.#ask<StreamReply | SessileError>(
      async (instance) => {
        try {
          return await instance.host.streams.answer(streamId, action);
        } catch (thrown) {
          return SessileError.from(thrown);
        }
      },
      reply,
      lost,
    );
  }

  #ask<Reply>(
    ask: (instance: Instance) => Promise<Reply>,
    reply: (reply: Reply) => void,
    lost: () => void,
  ): void {
    this.#requests.add(lost);
    this.enter(async (instance) => {
      const answer = await ask(instance);
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
      .then(() => (instance.isDead ? undefined : instance.run(() => use(instance))))
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
    this.#outputs.push(send);
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
    if (hasCommitted) this.#durableSeq = this.#lastSeqOnDisk();
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

  #lastSeqOnDisk(): number {
    const { database } = this;
    if (
      this.#durableSeq === 0 &&
      database.peek("SELECT 1 FROM sqlite_master WHERE name = '_sessile_log'").length === 0
    )
      return 0;
    return Number(database.peek("SELECT coalesce(max(last_seq), 0) AS seq FROM _sessile_log")[0]?.seq);
  }

  setAlarm(at: number | null): void {
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
