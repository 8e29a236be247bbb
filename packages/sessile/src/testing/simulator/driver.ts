import type { Command } from "../../protocol/command.ts";
import type { SessionView } from "../../protocol/view.ts";
import { GateMoves } from "./gate-moves.ts";
import type { PolicyBook } from "./policy-book.ts";
import type { Random } from "./random.ts";
import type { RequestSender } from "./request-sender.ts";
import { RunMoves } from "./run-moves.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedAuthor } from "./simulated-author.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { SimulatedKind, type SimulatedState } from "./simulated-kind.ts";
import type { SimulatedReader } from "./simulated-reader.ts";
import type { SimulatedUpdater } from "./simulated-updater.ts";
import type { StreamWriter } from "./stream-writer.ts";
import type { World } from "./world.ts";

export interface Stage {
  readonly world: World;
  readonly objects: readonly SessionObject[];
  /** Those that send commands. */
  readonly clients: readonly SimulatedClient[];
  readonly updaters: readonly SimulatedUpdater[];
  readonly authors: readonly SimulatedAuthor[];
  readonly senders: readonly RequestSender[];
  readonly readers: readonly SimulatedReader[];
  readonly writers: readonly StreamWriter[];
  /** Who manages the policies beyond one session; null without a database. */
  readonly policies: PolicyBook | null;
}

/** Decides what is done next: by whom, and what goes wrong. */
export class Driver {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #faults: number;
  readonly #gates: GateMoves;
  /** Null where there are no agents. */
  readonly #runs: RunMoves | null;
  #tags = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#random = stage.world.random.fork("driver");
    this.#faults = this.#random.pick([0.05, 0.15, 0.4]);
    const { clients, senders, policies, world } = stage;
    const people = [...clients, ...senders].map(({ name }) => name);
    this.#gates = new GateMoves(world.random.fork("gates"), people, policies);
    this.#runs = world.runs && new RunMoves(world.random.fork("run moves"), stage.readers);
  }

  /** Does one thing. @returns simulated milliseconds until the next */
  act(): number {
    if (this.#random.chance(this.#faults)) this.#trouble();
    else if (this.#runs && this.#random.chance(0.4)) this.#about(this.#runs);
    else if (this.#stage.world.hasEverything && this.#random.chance(0.2)) this.#more();
    else if (this.#stage.world.hasStreams && this.#random.chance(0.3)) this.#use();
    else this.#command();
    return this.#random.weighted([
      [4, 0],
      [8, this.#random.between(0, 30)],
      [3, this.#random.between(0, 1500)],
      [0.4, this.#random.between(5_000, 40_000)],
    ]);
  }

  #sender(): SimulatedClient | RequestSender {
    const { clients, senders } = this.#stage;
    return this.#random.chance(0.75) ? this.#random.pick(clients) : this.#random.pick(senders);
  }

  #command(): void {
    const sender = this.#sender();
    const count = this.#random.weighted([
      [6, 1],
      [2, this.#random.between(2, 5)],
      [0.2, 40],
    ]);
    for (let sent = 0; sent < count; sent++) sender.send(this.#make(sender));
  }

  #make(sender: SimulatedClient | RequestSender): Command {
    const random = this.#random;
    const tag = `${sender.name}-${this.#tags++}`;
    const view = viewOf(sender);
    const call = (method: string, ...args: (string | number | boolean | null)[]): Command => ({
      op: "call",
      method,
      args,
    });
    return random.weighted<() => Command>([
      [
        8,
        () => ({
          op: "append",
          type: "note.added",
          payload: { tag, pad: "x".repeat(random.between(0, 300)) },
        }),
      ],
      [this.#runs ? 0 : 3, () => this.#setState(tag, view ? view.version : 0, random.chance(0.6))],
      [3, () => this.#setStatus(view ? view.statusVersion : 0, random.chance(0.6))],
      [3, () => call("scatter", tag, random.between(0, 3))],
      [2, () => call("breakOff", tag, random.chance(0.5))],
      [
        2,
        () =>
          call(
            "ask",
            `gate-${random.between(0, 9)}-${sender.object.name}`,
            random.pick([null, 20, 2000, 30_000]),
          ),
      ],
      [
        4,
        () => ({
          op: "answerGate",
          gateId: `gate-${random.between(0, 9)}-${sender.object.name}`,
          answer: random.pick(["yes", "no"]),
        }),
      ],
      [2, () => call("remind", `timer-${random.between(0, 4)}`, random.pick([0, 500, 5000, 60_000]))],
      [1, () => call("forget", `timer-${random.between(0, 4)}`)],
      [1, () => call("begin", `work-${random.between(0, 6)}`, random.between(1, 4), random.chance(0.5))],
      [1, () => call("peek")],
      [this.#runs ? 0 : 0.3, () => ({ op: "reset" })],
      // The client itself refuses a reserved type; only a request brings it as far as the session.
      [
        0.2,
        () => ({ op: "append", type: "snapshot" in sender ? "note.added" : "state.changed", payload: null }),
      ],
    ])();
  }

  /** What long states and streams are used for. */
  #use(): void {
    const { clients, readers, writers } = this.#stage;
    const random = this.#random;
    const sender = this.#sender();
    const tag = `${sender.name}-${this.#tags++}`;
    const streamId = `stream-${random.between(0, 3)}`;
    const call = (method: string, ...args: (string | number | boolean)[]) =>
      sender.send({ op: "call", method, args });
    random.weighted<() => void>([
      [4, () => call("edit", tag, random.between(0, 60), "y".repeat(random.between(0, 40)))],
      [this.#runs ? 0 : 2, () => this.#rewrite(random.pick(clients), tag)],
      [2, () => call("openStream", streamId)],
      [6, () => call("pour", streamId, tag, random.between(1, 6), random.chance(0.5))],
      [0.5, () => call("endStream", streamId, tag)],
      [4, () => random.pick(writers).write(random.between(1, 4))],
      [4, () => random.pick(readers).read(random.chance(0.3) ? random.pick(writers).streamId : streamId)],
      [2, () => random.pick(readers).wire?.break()],
    ])();
  }

  /** What meets only now and then if each is drawn by itself. */
  #more(): void {
    const { clients, senders, updaters, authors } = this.#stage;
    const random = this.#random;
    random.weighted<() => void>([
      [updaters.length > 0 ? 5 : 0, () => times(random.between(1, 3), () => random.pick(updaters).update())],
      [3, () => random.pick(senders).look()],
      [2, () => random.pick(senders).browse()],
      [this.#stage.world.hasSummaries ? 8 : 0, () => random.pick(senders).summarize()],
      [authors.length > 0 ? 6 : 0, () => random.pick(authors).act(senders)],
      [6, () => times(random.between(1, 3), () => this.#askAbout(this.#sender()))],
      [1.5, () => this.#rush(random.pick(clients))],
      [1, () => this.#relapse(random.pick(clients))],
      [1, () => this.#mix(random.pick(clients))],
      [this.#stage.world.inLedgerMode ? 4 : 1, () => this.#falter(random.pick(clients))],
      [1, () => this.#trickle(random.pick(clients))],
      [0.7, () => this.#interrupt(random.pick(clients))],
    ])();
  }

  #about(runs: RunMoves): void {
    const sender = this.#sender();
    runs.act(sender, viewOf(sender));
  }

  #askAbout(sender: SimulatedClient | RequestSender): void {
    this.#gates.act(sender, viewOf(sender));
  }

  /** Timers and a gate that are due at once, one of which is cancelled about then, and the gate answered. */
  #rush(client: SimulatedClient): void {
    const { timeline } = this.#stage.world;
    const dueInMs = this.#random.pick([0, 500]);
    const gateId = `rush-${this.#tags++}-${client.object.name}`;
    const call = (method: string, ...args: (string | number)[]) => client.send({ op: "call", method, args });
    for (const timer of ["timer-5", "timer-6", "timer-7"]) call("remind", timer, dueInMs);
    call("ask", gateId, dueInMs + 1);
    timeline.plan(this.#random.between(0, 2000), `${client.name} has second thoughts`, () => {
      call("forget", "timer-7");
      client.send({ op: "answerGate", gateId, answer: "yes" });
    });
  }

  /** A client ends with commands under way, and its successor's may come first. */
  #relapse(client: SimulatedClient): void {
    if (this.#random.chance(0.7)) client.line?.dawdle(this.#random.between(0, 4000));
    times(3, () => this.#note(client));
    this.#stage.world.timeline.plan(this.#random.between(0, 50), `${client.name} relapses`, () => {
      client.restart();
      times(2, () => this.#note(client));
    });
  }

  /**
   * The record is away for a moment, and what a client sends comes partly in it and partly after it, on a connection that it has no
   * successor to.
   */
  #falter(client: SimulatedClient): void {
    const { d1, timeline } = this.#stage.world;
    if (!d1) return;
    d1.setDown(true);
    this.#note(client);
    const faltersInMs = this.#random.between(500, 1000);
    timeline.plan(faltersInMs, `${client.name} falters`, () => this.#note(client));
    timeline.plan(faltersInMs + 1, `${client.name} falters`, () => {
      client.line?.dawdle(this.#random.between(2000, 8000));
      this.#note(client);
      client.setLink("down");
    });
    timeline.plan(this.#random.between(1000, 2000), "D1 recovers", () => d1.setDown(false));
    timeline.plan(9000, `${client.name} recovers`, () => client.setLink("up"));
  }

  /** Commands in several frames, each before the answer to the one before. */
  #trickle(client: SimulatedClient): void {
    const { timeline } = this.#stage.world;
    for (let atMs = 0; atMs < 100; atMs += this.#random.between(1, 60))
      timeline.plan(atMs, `${client.name} trickles`, () => this.#note(client));
  }

  /** The object dies while work of several steps is under way. */
  #interrupt(client: SimulatedClient): void {
    const { object } = client;
    client.send({ op: "call", method: "begin", args: [`work-${7 + this.#tags++}`, 4, false] });
    const inMs = this.#random.between(200, 1500);
    object.world.timeline.plan(inMs, `${object.name} is interrupted`, () => object.die("at once"));
  }

  #note(client: SimulatedClient): void {
    client.send({ op: "append", type: "note.added", payload: { tag: `${client.name}-${this.#tags++}` } });
  }

  /** An event without a payload in the commit of a stream's, while somebody reads. */
  #mix(client: SimulatedClient): void {
    const random = this.#random;
    random.pick(this.#stage.readers).read(`stream-${random.between(0, 3)}`);
    client.send({ op: "call", method: "openStream", args: [`stream-${random.between(0, 9)}`] });
    client.send({ op: "append", type: "note.added", payload: null });
  }

  /** A client changes the state it sees and sends the whole of it. */
  #rewrite(client: SimulatedClient, tag: string): void {
    const { view } = client.snapshot;
    if (!view) return;
    const state = { ...(view.state as SimulatedState), tag, count: -1 };
    const isConditional = this.#random.chance(0.5);
    client.send({ op: "setState", state, ...(isConditional ? { ifVersion: view.version } : {}) });
  }

  #setState(tag: string, version: number, isConditional: boolean): Command {
    return { op: "setState", state: { tag, count: -1 }, ...(isConditional ? { ifVersion: version } : {}) };
  }

  #setStatus(version: number, isConditional: boolean): Command {
    const to = this.#random.pick(Object.keys(SimulatedKind.workflow.transitions));
    return { op: "setStatus", to, ...(isConditional ? { expectedVersion: version } : {}) };
  }

  #trouble(): void {
    const { clients, updaters, authors, objects, world } = this.#stage;
    const random = this.#random;
    const object = random.pick(objects);
    const client = random.pick([...clients, ...[...updaters, ...authors].map((one) => one.client)]);
    const { d1, bucket } = world;
    random.weighted<() => void>([
      ...(bucket ? [[2, () => bucket.setDown(random.chance(0.5))] as const] : []),
      ...(d1 ? [[4, () => d1.setDown(random.chance(0.5))] as const] : []),
      [6, () => client.line?.break()],
      [2, () => client.line?.silence()],
      [1, () => client.setLink(random.pick(["up", "down", "swallowing"]))],
      [2, () => client.setLink("up")],
      [1, () => client.setOnline(random.chance(0.5))],
      [1, () => client.restart()],
      [4, () => object.database.setFuse("kill", random.between(0, 60))],
      [2, () => object.database.setFuse("doom", random.between(0, 60))],
      [2, () => object.database.setFuse("fail", random.between(0, 3))],
      [3, () => object.dieAtCommit(random.pick(["before", "after"]))],
      [2, () => object.die("at once")],
      [3, () => void object.hibernate()],
      [1, () => object.setSkew(random.between(-120_000, 120_000))],
    ])();
  }
}

/** The session as somebody sees it who sends; null while nobody does. */
function viewOf(sender: SimulatedClient | RequestSender): SessionView | null {
  if ("snapshot" in sender) return sender.snapshot.view ?? null;
  const { instance } = sender.object;
  return instance?.isAwake ? instance.host.kernel.committedView : null;
}

function times(count: number, run: () => void): void {
  for (let n = 0; n < count; n++) run();
}
