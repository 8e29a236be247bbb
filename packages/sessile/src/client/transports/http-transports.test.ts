import { getEventListeners } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { ScriptedHttp } from "../../testing/scripted-http.ts";
import { ScriptedServer } from "../../testing/scripted-server.ts";
import { connect, type HttpTransportOptions, longPoll, poll, sse, type Transport } from "../index.ts";
import { SessionRequests } from "../session-requests.ts";
import { SharedSocket } from "../tabs/shared-socket.ts";
import { TabHub } from "../tabs/tab-hub.ts";

async function turn(): Promise<void> {
  await settled();
  await new Promise((resolve) => setImmediate(resolve));
  await settled();
}

const transports = [
  ["sse", sse],
  ["longpoll", longPoll],
  ["poll", poll],
] as const;

interface Scene {
  readonly clock: FakeClock;
  readonly http: ScriptedHttp;
}

/** The last six events of a session behind a line that takes so long for each event of a page. */
function slowLine(make: (options: HttpTransportOptions) => Transport, msPerEvent: number) {
  const clock = new FakeClock();
  const server = new ScriptedServer();
  for (let n = 0; n < 6; n++) server.commit({ type: "note.added", payload: { n } });
  const http = new ScriptedHttp(server, clock);
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname, searchParams } = new URL(String(input));
    const isPage = pathname.endsWith("/events") && searchParams.has("limit") && !searchParams.has("wait");
    if (isPage) asked.push(`${searchParams.get("after")}+${searchParams.get("limit")}`);
    const answer = await http.fetch(input, init);
    if (!isPage) return answer;
    const { items } = (await answer.clone().json()) as { readonly items: readonly unknown[] };
    await new Promise((resolve, reject) => {
      clock.setTimeout(() => resolve(null), items.length * msPerEvent);
      init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
    return answer;
  };
  const client = connect({
    url: "http://s.test",
    kind: "note",
    name: "n1",
    history: 6,
    transport: make({ fetch }),
    clock,
    random: () => 0.5,
  });
  return { clock, server, http, asked, client };
}

/** Delivers whatever is on its way, for so long. */
async function pass({ clock, http }: Scene, ms: number, stepMs = 500): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await deliver(http);
    await clock.advanceAsync(stepMs);
    await turn();
  }
}

async function deliver(http: ScriptedHttp): Promise<void> {
  while (http.receive() || http.answers.length > 0) {
    for (const answer of http.answers.splice(0)) answer.deliver();
    await turn();
  }
}

const fittedPages = ["2+500", "2+63", "2+8", "2+1", "3+2", "5+4", "5+1", "6+2"];

function expectWhole({ asked, client }: ReturnType<typeof slowLine>): void {
  expect(asked).toEqual(fittedPages);
  const { connection, events, lastSeq } = client.getSnapshot();
  expect({ connection, lastSeq }).toEqual({ connection: "live", lastSeq: 8 });
  expect(events.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8]);
  client.close();
}

test.each(transports)(
  "TR13 over %s a history comes over a slow line in pages it can carry in time",
  async (_name, make) => {
    const line = slowLine(make, 5_000);
    await pass(line, 85_000);
    expectWhole(line);
  },
);

test("TR13 TB1 a tab that shares its connection reads a history over a slow line in such pages too", async () => {
  const channelName = "slow-line";
  const hubServer = new ScriptedServer();
  for (let n = 0; n < 6; n++) hubServer.commit({ type: "note.added", payload: { n } });
  const open = () => new hubServer.WebSocket("wss://s.test", []);
  const hub = new TabHub({ channelName, clock: new FakeClock(), open });
  onTestFinished(() => hub.close());
  const line = slowLine(
    (options) => ({
      name: "websocket",
      open: (url, { clock }) =>
        new SharedSocket({
          channelName,
          candidacy: { takeOver: () => {}, withdraw: () => {} },
          requests: new SessionRequests(url.replace(/^ws/, "http"), options, clock),
          clock,
          via: "websocket",
          onStranger: () => {},
        }),
    }),
    5_000,
  );
  // Until then tabs talk to each other, for which no clock here is waited.
  await expect.poll(() => deliver(line.http).then(() => line.asked)).toEqual(["2+500"]);
  await pass(line, 85_000);
  expectWhole(line);
});

test.each(transports)(
  "TR13 over %s a line that does not carry even one event is lost, and tried anew",
  async (_name, make) => {
    const line = slowLine(make, 1_000_000);
    await pass(line, 60_000);
    expect(line.asked).toEqual(["2+500", "2+63", "2+8", "2+1", "2+500"]);
    line.client.close();
  },
);

test.each(transports)(
  "TR12 over %s a refusal that says when to come back is asked again then, in order",
  async (_name, make) => {
    const clock = new FakeClock();
    const server = new ScriptedServer();
    const http = new ScriptedHttp(server, clock);
    const posted: number[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (init?.method !== "POST") return http.fetch(input, init);
      posted.push(clock.now());
      if (posted.length > 1) return http.fetch(input, init);
      return Promise.resolve(new Response("busy", { status: 503, headers: { "retry-after": "20" } }));
    };
    const client = connect({
      url: "http://s.test",
      kind: "note",
      name: "n1",
      transport: make({ fetch }),
      clock,
    });
    const answers = ["one", "two"].map((text) => client.append("note.added", { text }));
    await pass({ clock, http }, 19_900, 100);
    expect(posted).toHaveLength(1);
    await pass({ clock, http }, 2_000, 100);
    const [first, second] = await Promise.all(answers);
    expect(posted).toHaveLength(2);
    expect(second?.seq).toBe((first?.seq ?? 0) + 1);
    client.close();
    await turn();
    // What outlived its client would keep a process from ending.
    expect(http.requests).toHaveLength(0);
  },
);

test("TR10 a client whose stream is of an earlier state of the log begins again", async () => {
  const { clock, server, http, client } = slowLine(sse, 0);
  while (http.requests[0]?.headers.get("accept") !== "text/event-stream") {
    http.receive();
    for (const answer of http.answers.splice(0)) answer.deliver();
    await turn();
    await clock.advanceAsync(1);
  }
  // A backup is restored.
  server.log = server.log.slice(0, 3);
  await pass({ clock, http }, 10_000);
  const { connection, events } = client.getSnapshot();
  expect({ connection, seqs: events.map(({ seq }) => seq) }).toEqual({
    connection: "live",
    seqs: [1, 2, 3, 4],
  });
  client.close();
});

test("TR4 a poll leaves nothing behind with the reading it belongs to", async () => {
  const combined = vi.spyOn(AbortSignal, "any");
  onTestFinished(() => combined.mockRestore());
  const line = slowLine((options) => poll({ ...options, intervalMs: 1_000 }), 0);
  await pass(line, 10_000);
  const listeners = combined.mock.results.map(({ value }) => getEventListeners(value, "abort").length);
  // One for each poll, and the reading's own. On that of a page the line itself listens twice.
  expect(listeners.length).toBeGreaterThan(8);
  expect(Math.max(...listeners)).toBeLessThanOrEqual(2);
  line.client.close();
});
