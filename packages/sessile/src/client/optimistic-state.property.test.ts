import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Transaction } from "../kernel/index.ts";
import {
  type Ack,
  type Command,
  type Commit,
  SessileError,
  type SessionContract,
} from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import type { SocketPair } from "../testing/socket-pair.ts";
import { connect, type Network, type SessionClient } from "./index.ts";

interface Note extends SessionContract {
  readonly initialState: { readonly count: number; readonly tags: readonly string[]; readonly bad?: boolean };
}

type Trouble = "repeat" | "lose" | "break" | "restart" | "offline" | "online" | "behind" | "evict";
type Write =
  | "set"
  | "compareAndSet"
  | "setStale"
  | "setBad"
  | "increment"
  | "incrementTwice"
  | "throwing"
  | "reset";
type Action =
  | { readonly do: Write | Trouble; readonly who: 0 | 1 }
  | { readonly do: "deliver"; readonly who: 0 | 1; readonly toClient: number; readonly toServer: number }
  | { readonly do: "pass"; readonly who: 0 | 1; readonly ms: number }
  | { readonly do: "server"; readonly who: 0 | 1 };

const who = fc.constantFrom(0 as const, 1 as const);
const act = (weight: number, ...names: (Write | Trouble | "server")[]) => ({
  weight,
  arbitrary: fc.record({ do: fc.constantFrom(...names), who }) as fc.Arbitrary<Action>,
});
const deliver = {
  weight: 16,
  arbitrary: fc.record({
    do: fc.constant("deliver" as const),
    who,
    toClient: fc.nat(4),
    toServer: fc.nat(3),
  }),
};
const pass = {
  weight: 2,
  arbitrary: fc.record({ do: fc.constant("pass" as const), who, ms: fc.integer({ min: 1, max: 40_000 }) }),
};
const trouble = [
  deliver,
  pass,
  act(2, "repeat", "lose"),
  act(3, "break", "restart", "behind", "offline", "evict"),
  act(2, "online"),
];
const anyWrites = fc.array<Action>(
  fc.oneof(
    ...trouble,
    act(9, "set", "compareAndSet", "setStale", "setBad", "increment", "incrementTwice"),
    act(2, "server", "throwing", "reset"),
  ),
  { minLength: 5, maxLength: 80 },
);
const onlyUpdates = fc.array<Action>(
  fc.oneof(...trouble, act(9, "increment", "incrementTwice"), act(2, "server")),
  {
    minLength: 5,
    maxLength: 80,
  },
);

/** The wire is scripted; behind it is a session, on SQLite, with its own rules and patches. */
class SessionServer extends ScriptedServer {
  readonly #session = new KernelFixture({
    initialState: { count: 0, tags: [] },
    validateState: (next) => {
      if ((next as { readonly bad?: boolean }).bad)
        throw new SessileError("rejected", "The kind does not want this.");
    },
  });

  constructor() {
    super({ delivery: "manual" });
    this.log = this.#session.commits();
  }

  override run(commands: readonly Command[]) {
    const { outcomes, stored } = this.#session.send(commands);
    const acks = outcomes.map((outcome, index): Ack => {
      const id = commands[index]?.id as string;
      if (!outcome.ok) return { id, error: outcome.error.toWire() };
      return { id, seq: outcome.seq, ...(outcome.repeated ? { repeated: true } : {}) };
    });
    return { acks, commit: this.#logged(stored) };
  }

  /** A write of the session's own. */
  count(): void {
    const { kernel, now } = this.#session;
    const state = kernel.view.state as { readonly count: number };
    const { transaction } = kernel.write(null, now, (writer) =>
      writer.setState({ ...state, count: state.count + 1 }),
    );
    const commit = this.#logged(transaction?.stored ?? null);
    if (commit) this.tell(commit);
  }

  /** The instance goes; what is on disk is all there is. Connections hibernate. */
  evict(): void {
    expect(this.#session.wake().view).toEqual(this.view);
  }

  #logged(stored: Transaction["stored"]): Commit | undefined {
    if (!stored) return undefined;
    const commit = JSON.parse(stored.body) as Commit;
    this.log.push(commit);
    return commit;
  }
}

class Person {
  readonly url: string;
  readonly client: SessionClient<Note>;
  readonly answers: Promise<boolean>[] = [];
  readonly #server: SessionServer;
  #isOnline = true;
  #changed: (isOnline: boolean) => void = () => {};

  constructor(server: SessionServer, clock: FakeClock, name: string, seed: number) {
    this.#server = server;
    this.url = `ws://${name}.test`;
    let random = seed;
    const network: Network = {
      isOnline: () => this.#isOnline,
      listen: (changed) => {
        this.#changed = changed;
        return () => {};
      },
    };
    this.client = connect<Note>({
      url: this.url,
      kind: "note",
      name: "n1",
      WebSocket: server.WebSocket,
      clock,
      network,
      producer: name.repeat(8),
      random: () => {
        random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
        return random / 0x80000000;
      },
    });
  }

  get pair(): SocketPair | undefined {
    return this.#server.pairs.findLast(({ client }) => client.url.startsWith(this.url));
  }

  setOnline(isOnline: boolean): void {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    if (!isOnline) this.pair?.break();
    this.#changed(isOnline);
  }

  /** Remembers whether it was done; that a write is refused is no failure here. */
  expect(answer: Promise<unknown>): void {
    this.answers.push(
      answer.then(
        () => true,
        () => false,
      ),
    );
  }

  write(what: Write, n: number): void {
    const { client } = this;
    const { state, view } = client.getSnapshot();
    const next = { count: state?.count ?? 0, tags: [...(state?.tags ?? []).slice(-3), `${this.url}${n}`] };
    const version = view?.version ?? 0;
    if (what === "set") this.expect(client.setState(next));
    if (what === "compareAndSet") this.expect(client.setState(next, { ifVersion: version }));
    if (what === "setStale") this.expect(client.setState(next, { ifVersion: Math.max(0, version - 1) }));
    if (what === "setBad") this.expect(client.setState({ ...next, bad: true }));
    if (what === "reset") this.expect(client.reset());
    if (what === "throwing")
      this.expect(
        client.setState(() => {
          throw new Error("An update of the caller's fails.");
        }),
      );
    for (let times = { increment: 1, incrementTwice: 2 }[what as string] ?? 0; times > 0; times--)
      this.expect(client.setState((before) => ({ ...before, count: before.count + 1 })));
  }
}

interface Scene {
  readonly server: SessionServer;
  readonly clock: FakeClock;
  readonly people: readonly [Person, Person];
}

function perform({ server, clock, people }: Scene, action: Action, n: number): Promise<void> {
  const person = people[action.who];
  const { pair } = person;
  const inbox = pair?.client.inbox ?? [];
  switch (action.do) {
    case "deliver":
      for (let times = 0; times < action.toServer; times++) pair?.server.deliver();
      for (let times = 0; times < action.toClient; times++) pair?.client.deliver();
      break;
    case "repeat":
      if (inbox[0] !== undefined) inbox.unshift(inbox[0]);
      break;
    case "lose":
      inbox.shift();
      break;
    case "break":
      pair?.break();
      break;
    case "restart":
      for (const each of people) each.pair?.break();
      break;
    case "offline":
      person.setOnline(false);
      break;
    case "online":
      person.setOnline(true);
      break;
    case "behind":
      if (pair?.server.readyState === 1)
        pair.server.send(JSON.stringify({ t: "behind", lastSeq: server.lastSeq }));
      break;
    case "pass":
      return clock.advanceAsync(action.ms);
    case "server":
      server.count();
      break;
    case "evict":
      server.evict();
      break;
    default:
      person.write(action.do, n);
  }
  return settled();
}

/** Delivers everything, and waits where clients do, until both are live and nothing is under way. */
async function rest({ people, clock }: Scene): Promise<void> {
  await settled();
  for (let turn = 0; turn < 2_000; turn++) {
    const moved = people
      .flatMap(({ pair }) => [pair?.client.deliver(), pair?.server.deliver()])
      .includes(true);
    await settled();
    if (moved) continue;
    if (people.every(({ client }) => client.getSnapshot().connection === "live")) return;
    await clock.advanceAsync(500);
  }
  throw new Error("The conversation does not come to rest.");
}

async function run(actions: readonly Action[], seed: number) {
  const clock = new FakeClock();
  const server = new SessionServer();
  const people = [new Person(server, clock, "a", seed), new Person(server, clock, "b", seed + 1)] as const;
  const scene: Scene = { server, clock, people };
  await rest(scene);
  for (const [n, action] of actions.entries()) {
    await perform(scene, action, n);
    for (const { client } of people) {
      const { state } = client.getSnapshot();
      expect(state === undefined || (Object.isFrozen(state) && Object.isFrozen(state.tags))).toBe(true);
    }
  }
  // From here nothing goes wrong. A last loss makes good whatever was lost.
  for (const person of people) {
    person.setOnline(true);
    person.pair?.break();
  }
  await rest(scene);
  const done = await Promise.all(people.flatMap(({ answers }) => answers));
  server.evict();
  const snapshots = people.map(({ client }) => client.getSnapshot());
  for (const { client } of people) client.close();
  return { server, snapshots, done };
}

test("ST32 whatever is written, lost, repeated and refused, clients end with the server's state and the fold of the log", async () => {
  await fc.assert(
    fc.asyncProperty(anyWrites, fc.nat(), async (actions, seed) => {
      const { server, snapshots } = await run(actions, seed);
      for (const { state, view, pending } of snapshots) {
        expect(view).toEqual(server.view);
        expect(state).toEqual(server.view.state);
        expect(pending).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("ST31 no update is lost or made twice, whoever was faster", async () => {
  await fc.assert(
    fc.asyncProperty(onlyUpdates, fc.nat(), async (actions, seed) => {
      const { server, snapshots, done } = await run(actions, seed);
      const ofServer = actions.filter((action) => action.do === "server").length;
      expect(done).not.toContain(false);
      expect(snapshots.map(({ state }) => state?.count)).toEqual([
        ofServer + done.length,
        ofServer + done.length,
      ]);
      expect((server.view.state as { count: number }).count).toBe(ofServer + done.length);
    }),
    { numRuns: 300 },
  );
}, 60_000);
