import { afterEach, describe, expect, test } from "vitest";
import type { SessionContract, WireError } from "../protocol/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { ScriptedServer } from "../testing/scripted-server.ts";
import { connect, type SessionClient, type SessionClientOptions } from "./index.ts";

interface Board extends SessionContract {
  readonly initialState: {
    readonly count: number;
    readonly title: string;
    readonly items: readonly { readonly done: boolean }[];
  };
}

const initial = { count: 0, title: "first", items: [{ done: false }, { done: false }] };
const refusal: WireError = { code: "rejected", message: "Not this one." };

const clients: SessionClient<Board>[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A client that is live on a server whose frames the test delivers. */
async function open(options: Partial<SessionClientOptions> = {}) {
  const clock = new FakeClock();
  const server = new ScriptedServer({ state: initial, patches: true, delivery: "manual" });
  const client = connect<Board>({
    url: "ws://s.test",
    kind: "note",
    name: "n1",
    WebSocket: server.WebSocket,
    clock,
    producer: "me",
    random: () => 0.5,
    ...options,
  });
  clients.push(client);
  const deliver = async () => {
    await settled();
    for (let moved = true; moved; await settled())
      moved = [server.pair.server.deliver(), server.pair.client.deliver()].includes(true);
  };
  await deliver();
  const shown = () => client.getSnapshot().state;
  const confirmed = () => client.getSnapshot().view?.state;
  const serverSets = (change: Partial<typeof initial>) =>
    server.commit({
      type: "state.changed",
      payload: { state: { ...(server.view.state as typeof initial), ...change } },
    });
  return { clock, server, client, deliver, shown, confirmed, serverSets };
}

const counted = (state: Board["initialState"]) => ({ ...state, count: state.count + 1 });

describe("ST30 a client shows what it has asked for", () => {
  test("ST30 at once, beside what is confirmed, and the same object until something changes", async () => {
    const { client, deliver, shown, confirmed } = await open();
    const before = shown();
    const answer = client.setState({ ...initial, title: "second" });
    expect(shown()).toEqual({ ...initial, title: "second" });
    expect(shown()).toBe(shown());
    expect(shown()?.items).toBe(before?.items);
    expect(confirmed()).toEqual(initial);
    await deliver();
    await answer;
    expect(shown()).toBe(confirmed());
    expect(shown()).toEqual({ ...initial, title: "second" });
  });

  test("ST30 until it is refused, which shows in the same turn", async () => {
    const { server, client, deliver, shown } = await open();
    server.refuse = () => refusal;
    const shownTitles: (string | undefined)[] = [];
    client.subscribe(() => shownTitles.push(shown()?.title));
    const answer = client.setState({ ...initial, title: "second" });
    const refused = expect(answer).rejects.toMatchObject({ code: "rejected" });
    await deliver();
    await refused;
    expect(shownTitles).toEqual(["second", "first"]);
  });

  test("ST30 and not what is known to be refused: another version is there", async () => {
    const { server, client, deliver, shown, serverSets } = await open();
    const { version } = client.getSnapshot().view ?? { version: 0 };
    const stale = client.setState({ ...initial, title: "mine" }, { ifVersion: version });
    const refused = expect(stale).rejects.toMatchObject({ code: "precondition_failed" });
    expect(shown()?.title).toBe("mine");
    // It gets through before ours does.
    serverSets({ title: "theirs" });
    server.pair.client.deliver();
    expect(shown()?.title).toBe("theirs");
    await deliver();
    await refused;
    expect(shown()?.title).toBe("theirs");
  });

  test("ST30 through a spell without a connection", async () => {
    const { clock, server, client, deliver, shown, confirmed, serverSets } = await open();
    server.pair.break();
    const answer = client.setState({ ...initial, title: "offline" });
    serverSets({ count: 5 });
    expect(shown()?.title).toBe("offline");
    await clock.advanceAsync(1_000);
    await deliver();
    await answer;
    expect(shown()).toEqual({ ...initial, title: "offline" });
    expect(shown()).toEqual(confirmed());
  });
});

test("ST35 a state that lost to another, given offline, is kept to be looked at; the server's wins", async () => {
  const { clock, server, client, deliver, shown, serverSets } = await open();
  const { version = 0 } = client.getSnapshot().view ?? {};
  server.pair.break();
  const mine = { ...initial, title: "mine" };
  const lost = Array.from({ length: 20 }, (_, count) =>
    expect(client.setState({ ...mine, count }, { ifVersion: version })).rejects.toMatchObject({
      code: "precondition_failed",
    }),
  );
  const again = client.setState(counted);
  serverSets({ title: "theirs" });
  await clock.advanceAsync(1_000);
  await deliver();
  await Promise.all([...lost, again]);
  expect(shown()).toEqual({ ...initial, title: "theirs", count: 1 });
  const { overtaken } = client.getSnapshot();
  expect(overtaken.map(({ command }) => command)).toEqual(
    Array.from({ length: 16 }, (_, n) =>
      expect.objectContaining({ op: "setState", state: { ...mine, count: n + 4 }, ifVersion: version }),
    ),
  );
});

describe("ST31 a function of the state", () => {
  test("ST31 is shown at once and run again on what came meanwhile", async () => {
    const { server, client, deliver, shown, serverSets } = await open();
    const answer = client.setState(counted);
    expect(shown()).toEqual({ ...initial, count: 1 });
    await settled();
    serverSets({ title: "theirs", count: 10 });
    server.pair.client.deliver();
    expect(shown()).toEqual({ ...initial, title: "theirs", count: 11 });
    await deliver();
    await answer;
    expect(server.view.state).toEqual({ ...initial, title: "theirs", count: 11 });
    expect(shown()).toEqual(server.view.state);
  });

  test("ST31 never shows twice what it does once", async () => {
    const { client, deliver, shown } = await open();
    const counts: (number | undefined)[] = [];
    client.subscribe(() => counts.push(shown()?.count));
    const answers = [client.setState(counted), client.setState(counted)];
    await deliver();
    await Promise.all(answers);
    expect(new Set(counts)).toEqual(new Set([2]));
  });

  test("ST31 in a row are one command, and one that is to blame fails alone", async () => {
    const { server, client, deliver, shown } = await open();
    server.refuse = (command) =>
      command.op === "setState" && (command.state as { title: string }).title === "bad" ? refusal : null;
    const answers = [
      client.setState(counted),
      client.setState((state) => ({ ...state, title: "bad" })),
      client.setState(() => {
        throw new Error("Mine.");
      }),
      client.setState(counted),
    ];
    const outcomes = Promise.allSettled(answers);
    await deliver();
    expect((await outcomes).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(shown()).toEqual({ ...initial, count: 2 });
    const several = [client.setState(counted), client.setState(counted), client.setState(counted)];
    const before = server.lastSeq;
    await deliver();
    await Promise.all(several);
    expect(server.lastSeq).toBe(before + 1);
  });

  test("ST31 RT4 in a row are not made again when the answer to them is in the archive", async () => {
    const { server, client, deliver } = await open();
    const fenced: WireError = { code: "fenced", message: "This id is older than the events kept at hand." };
    server.refuse = ({ id }) => (id === "me.0.0" ? fenced : null);
    const outcomes = Promise.allSettled([client.setState(counted), client.setState(counted)]);
    await deliver();
    expect(await outcomes).toMatchObject([{ reason: { code: "fenced" } }, { reason: { code: "fenced" } }]);
    const answer = client.setState(counted);
    await deliver();
    await answer;
    expect(server.view.state).toEqual({ ...initial, count: 1 });
  });

  test("ST31 that changes nothing writes nothing", async () => {
    const { server, client, deliver } = await open();
    const before = server.lastSeq;
    const answer = client.setState((state) => state);
    await deliver();
    expect(await answer).toMatchObject({ seq: before });
    expect(server.lastSeq).toBe(before);
  });

  test("ST31 is refused for good by a kind's own precondition, and by a client without events", async () => {
    const { server, client, deliver } = await open();
    server.refuse = () => ({ code: "precondition_failed", message: "Never." });
    const answer = client.setState(counted);
    const refused = expect(answer).rejects.toMatchObject({ code: "precondition_failed" });
    await deliver();
    await refused;
    const { client: blind } = await open({ events: false });
    await expect(blind.setState(counted)).rejects.toMatchObject({ code: "rejected" });
  });

  test("ST31 is rejected when the client is closed before it was applied", async () => {
    const { client } = await open();
    const sent = client.setState(counted);
    await settled();
    const waiting = client.setState(counted);
    const both = [sent, waiting].map((answer) =>
      expect(answer).rejects.toMatchObject({ code: "unavailable" }),
    );
    await settled();
    client.close();
    await Promise.all(both);
  });
});

test("ST33 the state cannot be changed on the client either", async () => {
  const { client, deliver, shown, serverSets } = await open();
  const change = (state: ReturnType<typeof shown>) => () => {
    ((state as Board["initialState"]).items[0] as { done: boolean }).done = true;
  };
  expect(change(shown())).toThrow(TypeError);
  serverSets({ items: [{ done: false }] });
  await deliver();
  expect(change(shown())).toThrow(TypeError);
  const mutating = client.setState((state) => {
    change(state)();
    return state;
  });
  const refused = expect(mutating).rejects.toThrow(TypeError);
  await deliver();
  await refused;
});
