import * as fc from "fast-check";
import { expect, test } from "vitest";
import { eventsOf, sessionKeyOf } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { connect } from "./index.ts";

type Action =
  | { readonly do: "commit"; readonly events: number }
  | { readonly do: "append"; readonly commands: number }
  | { readonly do: "deliver"; readonly toClient: number; readonly toServer: number }
  | { readonly do: "repeatToClient" | "loseToClient" | "break" | "silence" | "wipe" | "behind" }
  | { readonly do: "pass"; readonly ms: number };

const act = <Name extends string>(name: Name) => fc.constant({ do: name } as const);
const commit = fc.record({ do: fc.constant("commit" as const), events: fc.integer({ min: 1, max: 4 }) });
const append = fc.record({ do: fc.constant("append" as const), commands: fc.integer({ min: 1, max: 3 }) });
const deliver = fc.record({ do: fc.constant("deliver" as const), toClient: fc.nat(4), toServer: fc.nat(3) });
const pass = fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 40_000 }) });

/** Weighted so that most runs are live most of the time: trouble that meets a client still connecting finds little to break. */
const usual = [
  { weight: 12, arbitrary: deliver },
  { weight: 5, arbitrary: commit },
  { weight: 4, arbitrary: append },
  { weight: 3, arbitrary: act("loseToClient") },
  { weight: 2, arbitrary: act("repeatToClient") },
  { weight: 1, arbitrary: act("break") },
  { weight: 1, arbitrary: act("behind") },
  { weight: 1, arbitrary: pass },
];
const rare = { weight: 1, arbitrary: act("silence") };
const plans = fc.array<Action>(fc.oneof(...usual, rare), { minLength: 5, maxLength: 80 });
/** What only loses and repeats frames; the connection holds. */
const plansOnOneSocket = fc.array<Action>(
  fc.oneof(
    { weight: 6, arbitrary: deliver },
    { weight: 4, arbitrary: commit },
    { weight: 3, arbitrary: act("loseToClient") },
    { weight: 1, arbitrary: act("repeatToClient") },
    { weight: 1, arbitrary: act("behind") },
  ),
  { minLength: 5, maxLength: 60 },
);
const plansWithWipes = fc.array<Action>(fc.oneof(...usual, { weight: 1, arbitrary: act("wipe") }), {
  minLength: 5,
  maxLength: 80,
});

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

async function perform(
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
    case "deliver":
      for (let n = 0; n < action.toServer; n++) pair?.server.deliver();
      for (let n = 0; n < action.toClient; n++) pair?.client.deliver();
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

/** Delivers everything, and waits where the client does, until it is live and nothing is under way. */
async function rest({ clock, server, client }: Scene): Promise<void> {
  await settled();
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

async function run(
  actions: readonly Action[],
  seed: number,
  history: number,
  ends: "break" | "commit" = "break",
) {
  const stage = scene(seed, history);
  const answers: Promise<unknown>[] = [];
  const heard: number[] = [];
  stage.client.events.subscribe((events) => heard.push(...events.map(({ seq }) => seq)));
  await rest(stage);
  for (const action of actions) await perform(stage, action, answers);
  // From here nothing goes wrong. A last loss makes good whatever was lost, and a last commit shows it even without one.
  if (ends === "break") stage.server.pair.break();
  else stage.server.commit({ type: "note.added" });
  await rest(stage);
  await Promise.all(answers);
  const snapshot = stage.client.getSnapshot();
  stage.client.close();
  return { ...stage, snapshot, heard, answers };
}

const all = 1_000_000;
const logOf = (server: ScriptedServer) =>
  server.log.flatMap((commit) => eventsOf(commit, sessionKeyOf("note", "n1")));

test("CL2 CL3 CL17 through loss, repeats, reconnects and pages the client holds the log once, and its fold", async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(), async (plan, seed) => {
      const { server, snapshot, heard, answers } = await run(plan, seed, all);
      expect(snapshot.connection).toBe("live");
      expect(snapshot.events).toEqual(logOf(server));
      expect(snapshot.view).toEqual(server.view);
      expect(heard).toEqual(logOf(server).map(({ seq }) => seq));
      const own = logOf(server).filter(({ clientEventId }) => clientEventId !== null);
      expect(own.map(({ clientEventId }) => clientEventId?.split(".")[2])).toEqual(
        answers.map((_, n) => String(n)),
      );
      expect(snapshot.pending).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("CL3 CL4 CL5 CL8 lost and repeated frames are made good on the same socket, each event told once", async () => {
  await fc.assert(
    fc.asyncProperty(plansOnOneSocket, fc.nat(), async (plan, seed) => {
      const { server, snapshot, heard } = await run(plan, seed, all, "commit");
      expect(server.pairs).toHaveLength(1);
      expect(snapshot.events).toEqual(logOf(server));
      expect(snapshot.view).toEqual(server.view);
      expect(heard).toEqual(logOf(server).map(({ seq }) => seq));
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("CL6 with data wiped in between the client still ends with the server's log and view", async () => {
  await fc.assert(
    fc.asyncProperty(plansWithWipes, fc.nat(), async (plan, seed) => {
      const { server, snapshot } = await run(plan, seed, all);
      expect(snapshot.events).toEqual(logOf(server));
      expect(snapshot.view).toEqual(server.view);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("CL2 a short history is a gapless end of the log, and the view is the whole fold", async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(), fc.nat(3), async (plan, seed, history) => {
      const { server, snapshot } = await run(plan, seed, history);
      const log = logOf(server);
      expect(snapshot.events).toEqual(log.slice(log.length - snapshot.events.length));
      expect(snapshot.view).toEqual(server.view);
    }),
    { numRuns: 200 },
  );
}, 60_000);
