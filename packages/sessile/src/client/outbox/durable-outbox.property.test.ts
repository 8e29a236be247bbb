import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionContract } from "../../protocol/index.ts";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { ScriptedServer } from "../../testing/scripted-server.ts";
import {
  connect,
  durable,
  memoryOutbox,
  type OutboxJournal,
  type OutboxStore,
  type SessionClient,
} from "../index.ts";

type Action =
  | { readonly do: "open" | "close" | "kill" | "break" | "deliver" | "switch" }
  | { readonly do: "give"; readonly commands: number }
  | { readonly do: "pass"; readonly ms: number };

const act = <Name extends string>(name: Name) => fc.constant({ do: name } as const);
const plans = fc.array<Action>(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("give" as const), commands: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 8, arbitrary: act("deliver") },
    { weight: 3, arbitrary: act("open") },
    { weight: 2, arbitrary: act("kill") },
    { weight: 1, arbitrary: act("close") },
    { weight: 1, arbitrary: act("break") },
    { weight: 1, arbitrary: act("switch") },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

interface Given {
  readonly author: string;
  readonly by: number;
  readonly n: number;
}

/** One process with its client. Killed, it does nothing more, and whether the write under way was done nobody knows. */
class Process {
  readonly client: SessionClient<SessionContract>;
  isAlive = true;
  isOpen = true;
  count = 0;
  readonly #journals: OutboxJournal[] = [];

  constructor(store: OutboxStore, server: ScriptedServer, clock: FakeClock, by: number, actorId: string) {
    const unless =
      <Args extends unknown[], Result>(run: (...args: Args) => Promise<Result>) =>
      (...args: Args): Promise<Result> =>
        this.isAlive ? run(...args) : new Promise<never>(() => {});
    const mortal: OutboxStore = {
      maxChars: store.maxChars,
      open: async (address) => {
        const journal = await store.open(address);
        this.#journals.push(journal);
        return {
          claim: unless(journal.claim),
          put: unless(journal.put),
          remove: unless(journal.remove),
          actor: unless(journal.actor),
          setActor: unless(journal.setActor),
          close: unless(journal.close),
        };
      },
    };
    this.client = connect({
      url: "https://s.test",
      kind: "note",
      name: "n1",
      WebSocket: server.WebSocket,
      clock,
      random: () => by / 1_000,
      outbox: durable(mortal),
      actorId,
    });
  }

  close(): void {
    this.isOpen = false;
    this.client.close();
  }

  kill(): void {
    this.isAlive = false;
    this.close();
    for (const journal of this.#journals) void journal.close();
  }
}

test("OX2 OX5 OX8 whoever is killed, closed, cut off and signs in, what was stored arrives once, in order, as its author", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const store = memoryOutbox();
      const clock = new FakeClock();
      const server = new ScriptedServer({ delivery: "manual" });
      const processes: Process[] = [];
      const stored = new Set<string>();
      const wrong: Given[] = [];
      let actor = "ada";
      server.actor = { id: actor };
      server.refuse = (command) => {
        const given = (command as unknown as { payload: Given }).payload;
        if (given.author !== actor) wrong.push(given);
        return null;
      };
      const open = () => processes.push(new Process(store, server, clock, processes.length + 1, actor));
      const living = () => processes.filter(({ isOpen }) => isOpen);
      const breakAll = () => {
        for (const pair of server.pairs) pair.break();
      };
      const deliver = async () => {
        await settled();
        for (const { client, server: end } of server.pairs) {
          end.flush();
          client.flush();
        }
        await settled();
      };
      const give = async ({ commands }: { readonly commands: number }) => {
        const process = living().at(-1);
        if (!process) return;
        const texts: string[] = [];
        for (let left = commands; left > 0; left--) {
          const given: Given = { author: actor, by: processes.indexOf(process), n: process.count++ };
          texts.push(JSON.stringify(given));
          process.client.append("note.added", { ...given }).catch(() => {});
        }
        // Often the process does not live to see it.
        void process.client.outbox.saved().then(() => {
          if (process.isAlive && !process.client.outbox.error) for (const text of texts) stored.add(text);
        });
      };
      const perform: { readonly [Name in Action["do"]]: (action: never) => unknown } = {
        open,
        close: () => living().at(0)?.close(),
        kill: () => living().at(-1)?.kill(),
        break: breakAll,
        deliver,
        give,
        pass: ({ ms }: { readonly ms: number }) => clock.advanceAsync(ms),
        // Whoever was there closes their tabs; another signs in.
        switch: () => {
          for (const process of living()) process.close();
          breakAll();
          actor = actor === "ada" ? "bob" : "ada";
          server.actor = { id: actor };
        },
      };
      open();
      for (const action of plan) await perform[action.do](action as never);

      for (const author of ["ada", "bob"]) {
        for (const process of living()) process.close();
        breakAll();
        actor = author;
        server.actor = { id: author };
        open();
        for (let turn = 0; turn < 6; turn++) {
          await deliver();
          await clock.advanceAsync(10_000);
          await deliver();
        }
        expect(living().at(-1)?.client.getSnapshot()).toMatchObject({
          connection: "live",
          pending: [],
          kept: [],
        });
      }
      for (const process of living()) process.close();

      const said = server.log.flatMap(({ events }) =>
        events.filter(({ type }) => type === "note.added").map(({ payload }) => payload as unknown as Given),
      );
      const texts = said.map((given) => JSON.stringify(given));
      expect(wrong).toEqual([]);
      expect(new Set(texts).size).toBe(texts.length);
      expect([...stored].filter((text) => !texts.includes(text))).toEqual([]);
      for (const [by] of processes.entries())
        for (const author of ["ada", "bob"]) {
          const numbers = said
            .filter((given) => given.by === by && given.author === author)
            .map(({ n }) => n);
          expect(numbers).toEqual([...numbers].sort((left, right) => left - right));
        }
    }),
    { numRuns: 150 },
  );
});
