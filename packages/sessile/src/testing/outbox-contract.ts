import type { OutboxJournal, OutboxStore, StoredCommand } from "../client/outbox/outbox-store.ts";

/** One promise of `OutboxStore`. `open` gives the same store anew, as another page or process would. It throws when it is broken. */
export interface OutboxCase {
  readonly title: string;
  readonly run: (open: () => OutboxStore) => Promise<void>;
}

const server = "https://s.test/v1/sessions/";
const address = (name: string) => ({ session: `${server}note/${name}`, server });
const command = (id: string, more: Partial<StoredCommand> = {}): StoredCommand => ({
  id,
  text: JSON.stringify({ op: "append", type: "note.added", payload: `“${id}”`, id }),
  queuedAt: 1_893_456_000_000,
  ...more,
});

function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`Broken: ${what}: ${a}, expected ${b}`);
}

const idsOf = (commands: readonly StoredCommand[]) => commands.map(({ id }) => id);

async function closeAll(...journals: readonly OutboxJournal[]): Promise<void> {
  for (const journal of journals) await journal.close();
}

/** Every implementation of `OutboxStore` passes these, each with a store that is empty. */
export const outboxContract: readonly OutboxCase[] = [
  {
    title: "OX1 what was put is there for whoever comes after, whole and in order",
    run: async (open) => {
      const first = await open().open(address("a"));
      const refusal = { code: "rejected", message: "No.", field: "payload" } as const;
      const commands = [
        command("p.0.0", { author: "ada" }),
        command("p.0.1", { author: null }),
        command("p.0.2"),
        command("p.0.10", { author: "ada", refusal }),
      ];
      await first.put(commands.slice(0, 2));
      await first.put(commands.slice(2));
      await first.close();
      const second = await open().open(address("a"));
      equal(await second.claim(), commands, "the commands");
      equal(await second.claim(), [], "a second claim");
      await second.close();
    },
  },
  {
    title: "OX5 what belongs to a client that lives is nobody else's",
    run: async (open) => {
      const store = open();
      const [first, second, third] = [
        await store.open(address("a")),
        await store.open(address("a")),
        await open().open(address("a")),
      ];
      await first.put([command("p.0.0")]);
      equal([await second.claim(), await third.claim(), await first.claim()], [[], [], []], "claims");
      await first.close();
      equal(idsOf(await third.claim()), ["p.0.0"], "the claim of what is left");
      equal(await second.claim(), [], "a claim that comes late");
      await closeAll(second, third);
    },
  },
  {
    title: "OX5 what was taken over is passed on in its order, before what came later",
    run: async (open) => {
      const first = await open().open(address("a"));
      await first.put([command("b.0.0"), command("b.0.1")]);
      await first.close();
      const second = await open().open(address("a"));
      await second.claim();
      await second.put([command("a.0.0")]);
      await second.close();
      const third = await open().open(address("a"));
      equal(idsOf(await third.claim()), ["b.0.0", "b.0.1", "a.0.0"], "the order");
      await third.close();
    },
  },
  {
    title: "OX3 what was removed is gone; what is put again is replaced in its place",
    run: async (open) => {
      const first = await open().open(address("a"));
      await first.put([command("p.0.0"), command("p.0.1"), command("p.0.2")]);
      await first.remove(["p.0.1", "unknown"]);
      await first.put([command("p.0.0", { author: "ada" })]);
      await first.close();
      const second = await open().open(address("a"));
      equal(await second.claim(), [command("p.0.0", { author: "ada" }), command("p.0.2")], "what is left");
      await second.remove(["p.0.0", "p.0.2"]);
      await second.close();
      const third = await open().open(address("a"));
      equal(await third.claim(), [], "after all was removed");
      await third.close();
    },
  },
  {
    title: "OX5 sessions are kept apart",
    run: async (open) => {
      const [a, b] = [await open().open(address("a")), await open().open(address("b"))];
      await a.put([command("p.0.0")]);
      await b.put([command("q.0.0")]);
      await closeAll(a, b);
      const again = await open().open(address("b"));
      equal(idsOf(await again.claim()), ["q.0.0"], "the claim");
      await again.close();
    },
  },
  {
    title: "OX8 the store remembers whom the server named last, for all its sessions",
    run: async (open) => {
      const [a, b] = [await open().open(address("a")), await open().open(address("b"))];
      const other = await open().open({
        session: "https://t.test/v1/sessions/note/a",
        server: "https://t.test/",
      });
      equal((await a.actor()) === undefined, true, "nobody was named");
      await a.setActor(null);
      equal([await b.actor(), (await other.actor()) === undefined], [null, true], "nobody in particular");
      await b.setActor("ada");
      await closeAll(a, b, other);
      const again = await open().open(address("c"));
      equal(await again.actor(), "ada", "after it was opened anew");
      await again.close();
    },
  },
];
