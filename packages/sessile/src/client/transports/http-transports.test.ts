import { expect, test } from "vitest";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { ScriptedHttp } from "../../testing/scripted-http.ts";
import { ScriptedServer } from "../../testing/scripted-server.ts";
import { connect, longPoll, poll, sse } from "../index.ts";

async function turn(): Promise<void> {
  await settled();
  await new Promise((resolve) => setImmediate(resolve));
  await settled();
}

test.each([
  ["sse", sse],
  ["longpoll", longPoll],
  ["poll", poll],
] as const)(
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
    const passes = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        while (http.receive() || http.answers.length > 0) {
          for (const { deliver } of http.answers.splice(0)) deliver();
          await turn();
        }
        await clock.advanceAsync(100);
        await turn();
      }
    };
    const client = connect({
      url: "http://s.test",
      kind: "note",
      name: "n1",
      transport: make({ fetch }),
      clock,
    });
    const answers = ["one", "two"].map((text) => client.append("note.added", { text }));
    await passes(19_900);
    expect(posted).toHaveLength(1);
    await passes(2_000);
    const [first, second] = await Promise.all(answers);
    expect(posted).toHaveLength(2);
    expect(second?.seq).toBe((first?.seq ?? 0) + 1);
    client.close();
    await turn();
    // What outlived its client would keep a process from ending.
    expect(http.requests).toHaveLength(0);
  },
);
