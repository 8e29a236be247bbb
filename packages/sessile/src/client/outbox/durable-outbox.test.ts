import { describe, expect, test } from "vitest";
import { settled } from "../../testing/fake-clock.ts";
import { outboxContract } from "../../testing/outbox-contract.ts";
import { type Note, outboxStage, say } from "../../testing/outbox-stage.ts";
import { durable, memoryOutbox, type OutboxStore, SessionClient, type SettledCommand } from "../index.ts";

const textsOf = (list: readonly { readonly command: object }[]) =>
  list.map(({ command }) => (command as { payload: { text: string } }).payload.text);

/** A store whose writes wait until the test lets them go, or fail. */
function slowStore(): { store: OutboxStore; release: () => void; fail: (error: unknown) => void } {
  const memory = memoryOutbox({ maxChars: 1_000 });
  let waiting: { readonly go: () => void; readonly stop: (error: unknown) => void }[] = [];
  const store: OutboxStore = {
    maxChars: memory.maxChars,
    open: async (address) => {
      const journal = await memory.open(address);
      return {
        ...journal,
        put: async (commands) => {
          await new Promise<void>((go, stop) => waiting.push({ go, stop }));
          await journal.put(commands);
        },
      };
    },
  };
  const each = (run: (one: (typeof waiting)[number]) => void) => {
    const now = waiting;
    waiting = [];
    for (const one of now) run(one);
  };
  return { store, release: () => each(({ go }) => go()), fail: (error) => each(({ stop }) => stop(error)) };
}

describe.each(outboxContract)("memoryOutbox", ({ title, run }) => {
  test(title, async () => {
    const store = memoryOutbox();
    await run(() => store);
  });
});

describe("a stored command", () => {
  test("OX1 leaves once it is stored, and not before", async () => {
    const { store, release } = slowStore();
    const { server, open, said } = outboxStage(store);
    const client = open();
    await client.whenLive();
    const [answer] = say(client, "a");
    await settled();
    expect([said(), client.getSnapshot().pending.length]).toEqual([[], 1]);
    release();
    await answer;
    expect(said()).toEqual(["a"]);
    expect(server.frames.filter(({ t }) => t === "do")).toHaveLength(1);
  });

  test("OX1 given before the client was started is stored once it is", async () => {
    const { server, store, open, said } = outboxStage();
    server.isAccepting = false;
    const first = new SessionClient<Note>({
      url: "https://s.test",
      kind: "note",
      name: "n1",
      WebSocket: server.WebSocket,
      outbox: durable(store),
    });
    say(first, "a");
    await settled();
    first.start();
    await first.outbox.saved();
    first.close();
    server.isAccepting = true;
    await open().whenLive();
    await settled();
    expect(said()).toEqual(["a"]);
  });

  test("OX2 is sent by the next client under its id, in its order, before what that one is given", async () => {
    const { server, open, said, clock } = outboxStage();
    server.isAccepting = false;
    const first = open();
    say(first, "a", "b");
    await first.outbox.saved();
    say(first, "c");
    await first.outbox.saved();
    first.close();
    server.isAccepting = true;
    const second = open();
    const [answer] = say(second, "d");
    await answer;
    await clock.advanceAsync(60_000);
    expect(said()).toEqual(["a", "b", "c", "d"]);
    const ids = server.log.flatMap(({ events }) => events.flatMap(({ clientEventId = [] }) => clientEventId));
    expect(new Set(ids.slice(0, 3).map((id) => id.split(".")[0])).size).toBe(1);
    expect(ids.map((id) => id.split(".")[2])).toEqual(["0", "1", "2", "0"]);
  });

  test("OX2 is not applied again if only its answer was lost", async () => {
    const { server, open, said } = outboxStage();
    const first = open();
    await first.whenLive();
    server.pair.silence();
    say(first, "a");
    await first.outbox.saved();
    const text = first.getSnapshot().pending[0]?.command;
    server.run(text ? [text] : []);
    first.close();
    const second = open();
    await second.whenLive();
    await settled();
    expect(said()).toEqual(["a"]);
    expect(second.getSnapshot().pending).toEqual([]);
    second.close();
    const third = open();
    const outcomes: SettledCommand[] = [];
    third.outbox.onSettled((outcome) => outcomes.push(outcome));
    await third.whenLive();
    await settled();
    expect(outcomes).toEqual([]);
  });

  test("OX4 is pending and shown in the state again, and its outcome is told", async () => {
    const { server, open, clock } = outboxStage();
    server.isAccepting = false;
    const first = open();
    first.setState({ title: "offline" }).catch(() => {});
    await first.outbox.saved();
    first.close();
    const second = open();
    const outcomes: SettledCommand[] = [];
    second.outbox.onSettled((outcome) => outcomes.push(outcome));
    await second.outbox.saved();
    expect(second.getSnapshot()).toMatchObject({ pending: [{ command: { op: "setState" } }] });
    server.isAccepting = true;
    server.refuse = () => ({ code: "overloaded", message: "later", retryAfterMs: 5_000 });
    await clock.advanceAsync(20_000);
    expect(second.getSnapshot()).toMatchObject({ connection: "live", state: { title: "offline" } });
    expect(second.getSnapshot().view?.state).toEqual({ title: "first" });
    server.refuse = () => null;
    await clock.advanceAsync(5_000);
    expect(server.view.state).toEqual({ title: "offline" });
    expect(outcomes).toMatchObject([{ command: { op: "setState" }, outcome: { seq: 3 } }]);
  });

  test("OX11 that is refused is kept until it is dismissed or given again, by whoever comes then", async () => {
    const { server, open, said } = outboxStage();
    server.isAccepting = false;
    const first = open();
    say(first, "a", "b", "c");
    await first.outbox.saved();
    first.close();
    server.isAccepting = true;
    server.refuse = ({ op }) => (op === "append" ? { code: "rejected", message: "Not now." } : null);
    const second = open();
    await second.whenLive();
    await second.outbox.saved();
    expect(textsOf(second.getSnapshot().kept)).toEqual(["a", "b", "c"]);
    expect(second.getSnapshot().kept[0]).toMatchObject({ author: "ada", error: { code: "rejected" } });
    expect(second.getSnapshot().pending).toEqual([]);
    second.close();

    server.refuse = () => null;
    const third = open();
    await third.whenLive();
    await third.outbox.saved();
    const [a, b] = third.getSnapshot().kept.map(({ id }) => id) as [string, string];
    third.outbox.dismiss(a);
    expect(() => third.outbox.dismiss(a)).toThrow(expect.objectContaining({ code: "not_found" }));
    await third.outbox.sendAgain(b);
    expect(said()).toEqual(["b"]);
    await third.outbox.saved();
    third.close();
    const fourth = open();
    await fourth.whenLive();
    await fourth.outbox.saved();
    expect(textsOf(fourth.outbox.kept)).toEqual(["c"]);
  });

  test("OX11 that is refused to whoever gave it is not kept", async () => {
    const { server, open } = outboxStage();
    const first = open();
    await first.whenLive();
    server.refuse = () => ({ code: "rejected", message: "No." });
    await expect(say(first, "a")[0]).rejects.toMatchObject({ code: "rejected" });
    await first.outbox.saved();
    first.close();
    const second = open();
    await second.whenLive();
    await second.outbox.saved();
    expect([second.outbox.kept, second.getSnapshot().pending]).toEqual([[], []]);
  });
});

describe("clients of one store", () => {
  test("OX5 a client that lives takes over from one that goes, within 30 s", async () => {
    const { server, open, said, clock } = outboxStage();
    const [first, second] = [open(), open()];
    await Promise.all([first.whenLive(), second.whenLive()]);
    server.refuse = () => ({ code: "overloaded", message: "later", retryAfterMs: 90_000 });
    say(first, "a");
    await settled();
    expect(second.getSnapshot().pending).toEqual([]);
    first.close();
    server.refuse = () => null;
    await clock.advanceAsync(30_000);
    expect(said()).toEqual(["a"]);
  });

  test("OX6 closing and a refusal reject promises, and the commands are sent later, also by the same client", async () => {
    const { server, open, said } = outboxStage();
    const client = open();
    await client.whenLive();
    server.refuse = () => ({ code: "overloaded", message: "later" });
    const [answer] = say(client, "a");
    await client.outbox.saved();
    server.pair.server.close(4401, "Sign in.");
    await expect(answer).rejects.toMatchObject({ code: "unauthenticated" });
    server.refuse = () => null;
    client.start();
    await client.whenLive();
    await client.outbox.saved();
    await settled();
    expect(said()).toEqual(["a"]);
  });
});

test("OX6 of a session that is gone for good the commands are refused: nobody will ever take them", async () => {
  const { server, open } = outboxStage();
  server.isAccepting = false;
  const first = open();
  const [left] = say(first, "left");
  await first.outbox.saved();
  first.close();
  await expect(left).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("is kept"),
  });
  server.isAccepting = true;
  server.refuse = () => ({ code: "overloaded", message: "later" });
  const second = open();
  const outcomes: SettledCommand[] = [];
  second.outbox.onSettled((outcome) => outcomes.push(outcome));
  await second.whenLive();
  const [answer] = say(second, "own");
  await second.outbox.saved();
  server.pair.server.close(4410, "It was deleted.");
  await expect(answer).rejects.toMatchObject({ code: "not_found" });
  expect(textsOf(outcomes)).toEqual(["left"]);
  const third = open();
  await third.outbox.saved();
  expect(third.getSnapshot().pending).toEqual([]);
  expect(textsOf(third.outbox.kept)).toEqual(["left"]);
});

describe("bounds and trouble", () => {
  test("OX7 a command there is no room for, or that cannot be stored, is refused and not sent", async () => {
    const { store, release, fail } = slowStore();
    const { open, said } = outboxStage(store);
    const client = open();
    await client.whenLive();
    await expect(client.append("note.added", { text: "x".repeat(1_000) })).rejects.toMatchObject({
      code: "limit_exceeded",
      details: { limit: "maxChars" },
    });
    const [lost] = say(client, "a");
    await settled();
    fail(Object.assign(new Error("full"), { name: "QuotaExceededError" }));
    await expect(lost).rejects.toMatchObject({ code: "limit_exceeded", details: { limit: "storage" } });
    expect(client.outbox.error).toMatchObject({ code: "limit_exceeded" });
    const [kept] = say(client, "b");
    await settled();
    release();
    await kept;
    expect([said(), client.getSnapshot().pending]).toEqual([["b"], []]);
  });

  test("OX9 where no store can be opened commands are in memory, and the client says so", async () => {
    const broken: OutboxStore = { maxChars: 1_000, open: () => Promise.reject(new Error("no disk")) };
    const { open, said } = outboxStage(broken);
    const client = open();
    await say(client, "a")[0];
    expect(said()).toEqual(["a"]);
    expect([client.outbox.isDurable, client.outbox.error?.code]).toEqual([false, "unavailable"]);
  });

  test("OX9 what is damaged in a store is dropped and told; the rest is sent", async () => {
    const { store, open, said } = outboxStage();
    const address = { session: "https://s.test/v1/sessions/note/n1", server: "https://s.test/v1/sessions/" };
    const journal = await store.open(address);
    const text = JSON.stringify({ op: "append", type: "note.added", payload: { text: "good" }, id: "p.0.1" });
    await journal.put([
      { id: "p.0.0", text: '{"op":', queuedAt: 0 },
      { id: "p.0.1", text, queuedAt: 0 },
      { id: "p.0.2", text, queuedAt: 0 },
    ]);
    await journal.close();
    const client = open();
    await client.whenLive();
    await client.outbox.saved();
    await settled();
    expect(said()).toEqual(["good"]);
    expect([client.outbox.isDurable, client.outbox.error?.message]).toEqual([
      true,
      "A stored command could not be read and was dropped.",
    ]);
  });

  test("OX10 a function given to setState is stored once a command is made of it", async () => {
    const { server, open } = outboxStage();
    const first = open();
    await first.whenLive();
    server.refuse = () => ({ code: "overloaded", message: "later" });
    const update = (title: string) => first.setState(() => ({ title })).catch(() => {});
    update("sent");
    await settled();
    update("waiting");
    await first.outbox.saved();
    expect(first.getSnapshot()).toMatchObject({
      pending: [{ command: { op: "setState" } }],
      unsentUpdates: 1,
    });
    first.close();
    server.refuse = () => null;
    const second = open();
    await second.whenLive();
    await second.outbox.saved();
    await settled();
    expect(server.view.state).toEqual({ title: "sent" });
    expect(second.getSnapshot()).toMatchObject({ pending: [], unsentUpdates: 0 });
  });

  test("OX10 a client with an outbox numbers its commands itself", () => {
    const { open } = outboxStage();
    expect(() => open({ producer: "me", epoch: 2 })).toThrow(
      expect.objectContaining({ code: "bad_request", details: { field: "producer" } }),
    );
  });
});
