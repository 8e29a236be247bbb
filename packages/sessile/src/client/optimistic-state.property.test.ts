import * as fc from "fast-check";
import { expect, test } from "vitest";
import { diffState, type Json, type SessionContract, type WireError } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import type { SocketPair } from "../testing/socket-pair.ts";
import { connect, type Network, type SessionClient } from "./index.ts";

interface Note extends SessionContract {
  readonly initialState: { readonly count: number; readonly tags: readonly string[]; readonly bad?: boolean };
}

type Trouble = "repeat" | "lose" | "break" | "restart" | "offline" | "online" | "behind";
type Write = "set" | "compareAndSet" | "setStale" | "setBad" | "increment" | "incrementTwice" | "throwing";
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
  act(3, "break", "restart", "behind", "offline"),
  act(2, "online"),
];
const anyWrites = fc.array<Action>(
  fc.oneof(
    ...trouble,
    act(9, "set", "compareAndSet", "setStale", "setBad", "increment", "incrementTwice"),
    act(2, "server", "throwing"),
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

const refusal: WireError = { code: "rejected", message: "The kind does not want this." };

class Person {
  readonly url: string;
  readonly client: SessionClient<Note>;
  readonly answers: Promise<boolean>[] = [];
  readonly #server: ScriptedServer;
  #isOnline = true;
  #changed: (isOnline: boolean) => void = () => {};

  constructor(server: ScriptedServer, clock: FakeClock, name: string, seed: number) {
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
  readonly server: ScriptedServer;
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
      serverCounts(server);
      break;
    default:
      person.write(action.do, n);
  }
  return settled();
}

/** A write of the session itself. */
function serverCounts(server: ScriptedServer): void {
  const { state, version } = server.view;
  const before = state as { readonly count: number };
  const patch = diffState(state, { ...before, count: before.count + 1 });
  server.commit({ type: "state.changed", payload: { base: version, patch } as unknown as Json });
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
  const server = new ScriptedServer({ delivery: "manual", state: { count: 0, tags: [] }, patches: true });
  server.refuse = (command) =>
    command.op === "setState" && (command.state as { bad?: boolean }).bad ? refusal : null;
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
