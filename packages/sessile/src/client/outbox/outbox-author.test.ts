import { expect, test } from "vitest";
import type { Actor } from "../../protocol/index.ts";
import { settled } from "../../testing/fake-clock.ts";
import { outboxStage, say } from "../../testing/outbox-stage.ts";
import type { SessionClientOptions } from "../index.ts";

function stage() {
  const { clock, server, open, said } = outboxStage();
  /** What somebody gives who then goes, without a server. */
  const leave = async (text: string, options: Partial<SessionClientOptions> = {}) => {
    server.isAccepting = false;
    const client = open(options);
    say(client, text);
    await client.outbox.saved();
    client.close();
    server.isAccepting = true;
  };
  const visit = async (actor: Actor | null) => {
    server.actor = actor;
    const client = open();
    await client.whenLive();
    await client.outbox.saved();
    await settled();
    return client;
  };
  return { clock, server, open, leave, visit, said };
}

const ada = { id: "ada" };
const bob = { id: "bob" };

test("OX8 a command is sent as its author only, whoever comes in between", async () => {
  const { leave, visit, said } = stage();
  (await visit(ada)).close();
  await leave("of ada");
  const other = await visit(bob);
  expect([said(), other.getSnapshot().pending, other.outbox.kept]).toEqual([[], [], []]);
  expect(other.outbox.others).toMatchObject([{ author: "ada", error: null, command: { op: "append" } }]);
  other.close();
  const nobody = await visit(null);
  expect([said(), nobody.outbox.others.length]).toEqual([[], 1]);
  nobody.close();
  await leave("of nobody");
  (await visit(ada)).close();
  expect(said()).toEqual(["of ada"]);
  (await visit(null)).close();
  expect(said()).toEqual(["of ada", "of nobody"]);
});

test("OX8 given before the server named anybody, it belongs to the first it names, or to whom the application named", async () => {
  const { leave, visit, said } = stage();
  await leave("of the first");
  await leave("of bob", { actorId: "bob" });
  (await visit(ada)).close();
  expect(said()).toEqual(["of the first"]);
  (await visit(bob)).close();
  expect(said()).toEqual(["of the first", "of bob"]);
});

test("OX8 OX12 a client that comes back as somebody else sends nothing of before; its author does", async () => {
  const { clock, server, open, visit, said } = stage();
  const client = await visit(ada);
  server.isAccepting = false;
  server.pair.break();
  const answer = client.append("note.added", { text: "of ada" });
  const update = client.setState(() => ({ title: "of ada" }));
  for (const promise of [answer, update]) promise.catch(() => {});
  await client.outbox.saved();
  server.actor = bob;
  server.isAccepting = true;
  await clock.advanceAsync(20_000);
  await expect(answer).rejects.toMatchObject({ code: "forbidden", details: { reason: "author" } });
  await expect(update).rejects.toMatchObject({ code: "forbidden", details: { reason: "author" } });
  expect([said(), client.getSnapshot().pending, client.outbox.others.length]).toEqual([[], [], 1]);
  const own = await client.append("note.added", { text: "of bob" });
  expect(own.seq).toBe(3);
  server.actor = ada;
  server.pair.break();
  await clock.advanceAsync(20_000);
  expect(said()).toEqual(["of bob", "of ada"]);
  expect(client.outbox.others).toEqual([]);
  client.close();
  open({ actorId: "ada" });
  await settled();
  expect(said()).toEqual(["of bob", "of ada"]);
});
