import * as fc from "fast-check";
import { expect, test } from "vitest";
import { eventsOf, sessionKeyOf } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { connect } from "./index.ts";

type Action =
  | { readonly do: "commit"; readonly events: number }
  | { readonly do: "append"; readonly commands: number }
  | {
      readonly do:
        | "toClient"
        | "toServer"
        | "repeatToClient"
        | "loseToClient"
        | "break"
        | "silence"
        | "wipe"
        | "behind";
    }
  | { readonly do: "pass"; readonly ms: number };

const frequent = fc.oneof(
  fc.record({ do: fc.constant("commit" as const), events: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("append" as const), commands: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constantFrom("toClient" as const, "toServer" as const) }),
);
const trouble = fc.oneof(
  fc.record({
    do: fc.constantFrom(
      "repeatToClient" as const,
      "loseToClient" as const,
      "break" as const,
      "silence" as const,
      "behind" as const,
    ),
  }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
);
const wipe = fc.record({ do: fc.constant("wipe" as const) });

function scene(seed: number, history: number) {
  const clock = new FakeClock();
  const server = new ScriptedServer({ delivery: "manual", pageCommits: 2 });
  let random = seed;
  const client = connect({
    url: "ws://s.test",
    kind: "note",
    name: "n1",
    history,
    WebSocket: server.WebSocket,
    clock,
    random: () => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
      return random / 0x80000000;
    },
  });
  return { clock, server, client };
}

type Scene = ReturnType<typeof scene>;

async function act(
  { clock, server, client }: Scene,
  action: Action,
  answers: Promise<unknown>[],
): Promise<void> {
  const pair = server.pairs.at(-1);
  const inbox = pair?.client.inbox ?? [];
  switch (action.do) {
    case "commit":
      server.commit(
        ...Array.from({ length: action.events }, (_, n) => ({
          type: "state.changed",
          payload: { state: { at: server.lastSeq + n } },
        })),
      );
      break;
    case "append":
      for (let n = 0; n < action.commands; n++) answers.push(client.append("note.added", { n }));
      break;
    case "toClient":
      pair?.client.deliver();
      break;
    case "toServer":
      pair?.server.deliver();
      break;
    case "repeatToClient":
      if (inbox[0] !== undefined) inbox.unshift(inbox[0]);
      break;
    case "loseToClient":
      inbox.shift();
      break;
    case "break":
      pair?.break();
      break;
    case "silence":
      pair?.silence();
      break;
    case "behind":
      if (pair?.server.readyState === 1) server.send({ t: "behind", lastSeq: server.lastSeq });
      break;
    case "wipe":
      server.wipe();
      break;
    case "pass":
      await clock.advanceAsync(action.ms);
  }
  await settled();
}

/** A last loss, after which nothing goes wrong any more. */
async function heal({ clock, server, client }: Scene): Promise<void> {
  server.pairs.at(-1)?.break();
  for (let turn = 0; turn < 1_000; turn++) {
    const { client: near, server: far } = server.pair;
    const moved = [near.deliver(), far.deliver()].includes(true);
    await settled();
    if (moved) continue;
    if (client.getSnapshot().connection === "live") return;
    await clock.advanceAsync(500);
  }
  throw new Error("The conversation does not come to rest.");
}

async function run(actions: readonly Action[], seed: number, history: number) {
  const stage = scene(seed, history);
  const answers: Promise<unknown>[] = [];
  const heard: number[] = [];
  stage.client.events.subscribe((events) => heard.push(...events.map(({ seq }) => seq)));
  await settled();
  for (const action of actions) await act(stage, action, answers);
  await heal(stage);
  await Promise.all(answers);
  const snapshot = stage.client.getSnapshot();
  stage.client.close();
  return { ...stage, snapshot, heard, answers };
}

const all = 1_000_000;
const logOf = (server: ScriptedServer) =>
  server.log.flatMap((commit) => eventsOf(commit, sessionKeyOf("note", "n1")));

test("CL2 CL3 CL17 through loss, repeats, reconnects and pages the client holds the log once, and its fold", async () => {
  const actions = fc.array(fc.oneof({ weight: 4, arbitrary: frequent }, { weight: 1, arbitrary: trouble }), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(actions, fc.nat(), async (plan, seed) => {
      const { server, snapshot, heard, answers } = await run(plan, seed, all);
      expect(snapshot.connection).toBe("live");
      expect(snapshot.events).toEqual(logOf(server));
      expect(snapshot.view).toEqual(server.view);
      expect(heard.slice(-1)).toEqual([server.lastSeq]);
      const own = logOf(server).filter(({ clientEventId }) => clientEventId !== null);
      expect(own.map(({ clientEventId }) => clientEventId?.split(".")[2])).toEqual(
        answers.map((_, n) => String(n)),
      );
      expect(snapshot.pending).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("CL6 with data wiped in between the client still ends with the server's log and view", async () => {
  const actions = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: frequent },
      { weight: 2, arbitrary: trouble },
      { weight: 1, arbitrary: wipe },
    ),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(actions, fc.nat(), async (plan, seed) => {
      const { server, snapshot } = await run(plan, seed, all);
      expect(snapshot.events).toEqual(logOf(server));
      expect(snapshot.view).toEqual(server.view);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("CL2 a short history is a gapless end of the log, and the view is the whole fold", async () => {
  const actions = fc.array(fc.oneof({ weight: 4, arbitrary: frequent }, { weight: 1, arbitrary: trouble }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(actions, fc.nat(), fc.nat(3), async (plan, seed, history) => {
      const { server, snapshot } = await run(plan, seed, history);
      const log = logOf(server);
      expect(snapshot.events).toEqual(log.slice(log.length - snapshot.events.length));
      expect(snapshot.view).toEqual(server.view);
    }),
    { numRuns: 200 },
  );
}, 60_000);
