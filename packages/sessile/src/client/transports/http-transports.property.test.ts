import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventsOf, sessionKeyOf } from "../../protocol/index.ts";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { ScriptedHttp } from "../../testing/scripted-http.ts";
import { ScriptedServer } from "../../testing/scripted-server.ts";
import { connect, longPoll, poll, sse } from "../index.ts";

type Action =
  | { readonly do: "commit"; readonly events: number }
  | { readonly do: "append"; readonly commands: number }
  | { readonly do: "deliver"; readonly toServer: number; readonly toClient: number }
  | {
      readonly do:
        | "loseRequest"
        | "hangRequest"
        | "repeatRequest"
        | "loseAnswer"
        | "hangAnswer"
        | "delayAnswer";
    }
  | { readonly do: "break" | "refresh" | "wipe" }
  | { readonly do: "pass"; readonly ms: number };

const act = <Name extends string>(name: Name) => fc.constant({ do: name } as const);
const usual = [
  {
    weight: 14,
    arbitrary: fc.record({ do: fc.constant("deliver" as const), toServer: fc.nat(3), toClient: fc.nat(3) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("commit" as const), events: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("append" as const), commands: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
  },
  { weight: 2, arbitrary: act("repeatRequest") },
  { weight: 2, arbitrary: act("loseAnswer") },
  { weight: 2, arbitrary: act("delayAnswer") },
  { weight: 1, arbitrary: act("loseRequest") },
  { weight: 1, arbitrary: act("hangRequest") },
  { weight: 1, arbitrary: act("hangAnswer") },
  { weight: 1, arbitrary: act("break") },
  { weight: 2, arbitrary: act("refresh") },
];
const plans = fc.array<Action>(fc.oneof(...usual), { minLength: 5, maxLength: 60 });
const plansWithWipes = fc.array<Action>(fc.oneof(...usual, { weight: 1, arbitrary: act("wipe") }), {
  minLength: 5,
  maxLength: 60,
});

const transports = {
  sse: (http: ScriptedHttp) => sse({ fetch: http.fetch }),
  longpoll: (http: ScriptedHttp) => longPoll({ fetch: http.fetch }),
  poll: (http: ScriptedHttp) => poll({ fetch: http.fetch, intervalMs: 5_000 }),
};

function scene(name: keyof typeof transports, seed: number) {
  const clock = new FakeClock();
  const server = new ScriptedServer();
  const http = new ScriptedHttp(server, clock);
  let random = seed;
  const client = connect({
    url: "http://s.test",
    kind: "note",
    name: "n1",
    history: 1_000_000,
    transport: transports[name](http),
    clock,
    random: () => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
      return random / 0x80000000;
    },
  });
  return { clock, server, http, client };
}

type Scene = ReturnType<typeof scene>;

/** The platform's streams and bodies take turns of the event loop, not only microtasks. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await settled();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function perform(
  { clock, server, http, client }: Scene,
  action: Action,
  answers: Promise<unknown>[],
): Promise<void> {
  switch (action.do) {
    case "commit":
      server.commit(
        ...Array.from({ length: action.events }, (_, n) => ({
          type: "state.changed",
          payload: { state: { at: server.lastSeq + n } },
        })),
      );
      http.flush();
      break;
    case "append":
      for (let n = 0; n < action.commands; n++) answers.push(shown(client, n));
      break;
    case "deliver":
      for (let n = 0; n < action.toServer; n++) http.receive();
      for (let n = 0; n < action.toClient; n++) http.answers.shift()?.deliver();
      break;
    case "loseRequest":
      http.requests.shift()?.fail();
      break;
    case "hangRequest":
      http.requests.shift();
      break;
    case "repeatRequest":
      http.receive(2);
      break;
    case "loseAnswer":
      http.answers.shift()?.exchange.fail();
      break;
    case "hangAnswer":
      http.answers.shift();
      break;
    case "delayAnswer": {
      const first = http.answers.shift();
      if (first) http.answers.push(first);
      break;
    }
    case "break":
      http.break();
      break;
    case "refresh":
      client.refresh().catch(() => {});
      break;
    case "wipe":
      server.wipe();
      http.flush();
      break;
    case "pass":
      await clock.advanceAsync(action.ms);
  }
  await calm();
}

/** An answered append is in the snapshot by then. */
async function shown(client: Scene["client"], n: number): Promise<void> {
  const { seq } = await client.append("note.added", { n });
  if (client.getSnapshot().lastSeq < seq) throw new Error(`${seq} is answered before it is shown`);
}

/** Delivers everything, and waits where the client does, until it has all there is and every answer. */
async function rest(
  { clock, server, http, client }: Scene,
  answers: readonly Promise<unknown>[] = [],
): Promise<void> {
  let isAnswered = false;
  const all = Promise.all(answers).then(() => {
    isAnswered = true;
  });
  all.catch(() => {});
  await calm();
  for (let turn = 0; turn < 600; turn++) {
    const hadAnswer = http.answers.shift()?.deliver() !== undefined || http.answers.length > 0;
    const moved = http.receive() || hadAnswer;
    await calm();
    if (moved) continue;
    const { connection, lastSeq, pending, view } = client.getSnapshot();
    const isSame = view?.createdAt === server.view.createdAt && lastSeq === server.lastSeq;
    if (connection === "live" && isSame && pending.length === 0 && isAnswered) return all;
    await clock.advanceAsync(500);
    await calm();
  }
  throw new Error(
    `The conversation does not come to rest: ${JSON.stringify(client.getSnapshot().connection)}`,
  );
}

/** @param isCut whether all connections break at last; if not, what hangs must be given up by itself */
async function run(name: keyof typeof transports, actions: readonly Action[], seed: number, isCut: boolean) {
  const stage = scene(name, seed);
  const answers: Promise<unknown>[] = [];
  const heard: number[] = [];
  stage.client.events.subscribe((events) => heard.push(...events.map(({ seq }) => seq)));
  await rest(stage);
  for (const action of actions) await perform(stage, action, answers);
  if (isCut) stage.http.break();
  await rest(stage, answers);
  const snapshot = stage.client.getSnapshot();
  stage.client.close();
  await calm();
  return { ...stage, snapshot, heard, answers };
}

const logOf = (server: ScriptedServer) =>
  server.log.flatMap((commit) => eventsOf(commit, sessionKeyOf("note", "n1")));

describe.each(["sse", "longpoll", "poll"] as const)("%s", (name) => {
  test("TR1 TR2 TR3 through lost, hanging, late and repeated requests and answers the client holds the log once", async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.nat(), fc.boolean(), async (plan, seed, isCut) => {
        const { server, snapshot, heard, answers } = await run(name, plan, seed, isCut);
        expect(snapshot.events).toEqual(logOf(server));
        expect(snapshot.view).toEqual(server.view);
        expect(heard).toEqual(logOf(server).map(({ seq }) => seq));
        const own = logOf(server).filter(({ clientEventId }) => clientEventId !== null);
        expect(own.map(({ clientEventId }) => clientEventId?.split(".")[2])).toEqual(
          answers.map((_, n) => String(n)),
        );
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  test("TR10 a session that begins again under the name replaces what the client holds", async () => {
    await fc.assert(
      fc.asyncProperty(plansWithWipes, fc.nat(), fc.boolean(), async (plan, seed, isCut) => {
        const { server, snapshot } = await run(name, plan, seed, isCut);
        expect(snapshot.events).toEqual(logOf(server));
        expect(snapshot.view).toEqual(server.view);
      }),
      { numRuns: 50 },
    );
  }, 60_000);
});
