import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type SessionClient } from "../../src/client/index.ts";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import type { Callable, Json, SessionContract } from "../../src/protocol/index.ts";
import { bundle } from "../bundle.ts";

/** The classes of `growing-state/` as their clients see them. */
interface Room {
  readonly initialState: { total: number; latest: { id: number; text: string }[] };
  readonly say: Callable<[string], void>;
  readonly before: Callable<[number], { id: number; text: string }[]>;
}
interface Board {
  readonly initialState: { cards: { id: string; title: string }[] };
  readonly add: Callable<[string, string], void>;
}
interface Card {
  readonly initialState: { text: string; done: boolean };
}
interface Desk {
  readonly initialState: { reports: { [id: string]: Json } };
  readonly file: Callable<[string, string], Promise<void>>;
  readonly read: Callable<[string], Promise<string | null>>;
}

const folder = temporaryFolder();
const clients: { close(): void }[] = [];
let server: Server;
beforeAll(async () => {
  const source = await bundle(fileURLToPath(new URL("growing-state/worker.ts", import.meta.url)));
  server = await serve({
    worker: { source },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: {
      BOARD: { className: "Board" },
      CARD: { className: "Card" },
      DESK: { className: "Desk" },
      ROOM: { className: "Room" },
    },
    r2: ["REPORTS"],
  });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server?.close();
  folder[Symbol.dispose]();
});

async function open<S extends SessionContract>(kind: string, name: string): Promise<SessionClient<S>> {
  const client = connect<S>({ url: server.url, kind, name });
  clients.push(client);
  await client.whenLive();
  return client;
}

test("ST34 a window in the state, the rest in a table", async () => {
  const room = await open<Room>("room", "a");
  for (let n = 1; n <= 120; n++) await room.call.say(`message ${n}`);
  await expect.poll(() => room.getSnapshot().state?.total).toBe(120);
  const { state, events } = room.getSnapshot();
  expect(state?.latest.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => n + 71));
  const before = await room.call.before(71);
  expect([before.length, before[0]]).toEqual([50, { id: 70, text: "message 70" }]);
  // A window that moves on costs what left and what came.
  expect(JSON.stringify(events.at(-1)?.payload).length).toBeLessThan(200);
});

test("ST34 a session for each entity, and one that lists them", async () => {
  const board = await open<Board>("board", "b");
  await board.call.add("one", "The first");
  const card = await open<Card>("card", "b.one");
  await card.setState((state) => ({ ...state, text: "What is to be done." }));
  const stored = await fetch(`${server.url}/v1/sessions/card/b.one/state`);
  expect(await stored.json()).toEqual({ text: "What is to be done.", done: false });
  expect(board.getSnapshot().state).toEqual({ cards: [{ id: "one", title: "The first" }] });
});

test("ST34 a pointer in the state, the rest in a bucket", async () => {
  const desk = await open<Desk>("desk", "d");
  const text = "A long report. ".repeat(100_000);
  await desk.call.file("q3", text);
  await expect
    .poll(() => desk.getSnapshot().state)
    .toEqual({ reports: { q3: { key: "d/q3", chars: text.length } } });
  expect(await desk.call.read("q3")).toBe(text);
  expect(await desk.call.read("q4")).toBeNull();
});
