import { describe, expect, test } from "vitest";
import { FakeClock, settled } from "../../testing/fake-clock.ts";
import { SessionClient } from "../session-client.ts";
import { HttpClient } from "./http-client.ts";

type Answer = Response | Error;

function server(...answers: Answer[]) {
  const requests: { readonly url: string; readonly method: string; readonly body: unknown }[] = [];
  const clock = new FakeClock();
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    requests.push({
      url: String(url),
      method: init.method ?? "GET",
      body: init.body ? JSON.parse(String(init.body)) : null,
    });
    const answer = answers.shift() ?? new Error("unexpected request");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client = new HttpClient({
    url: "https://s.test",
    kind: "note",
    name: "n1",
    fetch: fetch as typeof globalThis.fetch,
    clock,
    random: () => 0.5,
  });
  return { client, clock, requests };
}

const problem = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });

describe("CL28 over HTTP", () => {
  test("CL28 reads the view and pages of events", async () => {
    const shown = {
      lastSeq: 4,
      createdAt: "2030-01-01T00:00:00.000Z",
      updatedAt: "2030-01-01T00:00:01.500Z",
    };
    const page = { items: [], nextAfter: 3, hasMore: false, lastSeq: 3 };
    const { client, requests } = server(Response.json(shown), Response.json(page));
    const createdAt = Date.UTC(2030, 0, 1);
    expect(await client.getView()).toEqual({ lastSeq: 4, createdAt, updatedAt: createdAt + 1_500 });
    expect(await client.readEvents({ after: 3, limit: 10 })).toEqual(page);
    expect(requests.map(({ url }) => url)).toEqual([
      "https://s.test/v1/sessions/note/n1",
      "https://s.test/v1/sessions/note/n1/events?after=3&limit=10",
    ]);
  });

  test("CL28 repeats an append under the same id until it is answered", async () => {
    const busy = problem(503, { code: "overloaded", detail: "busy" }, { "retry-after": "2" });
    const { client, clock, requests } = server(
      new TypeError("connection reset"),
      busy,
      Response.json({ seq: 9 }, { status: 201 }),
    );
    const event = client.append("note.added", { text: "x" });
    await clock.advanceAsync(125);
    expect(requests).toHaveLength(2);
    await clock.advanceAsync(2_249);
    expect(requests).toHaveLength(2);
    await clock.advanceAsync(1);
    expect(await event).toEqual({ seq: 9 });
    const [first] = requests;
    expect(first?.body).toMatchObject({
      type: "note.added",
      payload: { text: "x" },
      clientEventId: expect.stringMatching(/^c\w+\.0\.0$/),
    });
    expect(requests).toEqual([first, first, first]);
  });

  test("CL28 gives the same typed errors as the socket, and repeats only what is worth it", async () => {
    const { client, requests } = server(
      problem(409, {
        code: "conflict",
        title: "Conflict",
        detail: "Somebody was faster.",
        current: "closed",
        currentVersion: 7,
      }),
      new Response("<h1>Bad gateway</h1>", { status: 418 }),
    );
    await expect(client.append("note.added", 1)).rejects.toMatchObject({
      name: "SessileError",
      code: "conflict",
      message: "Somebody was faster.",
      details: { current: "closed", currentVersion: 7 },
    });
    await expect(client.getView()).rejects.toMatchObject({ code: "internal" });
    expect(requests).toHaveLength(2);
    await expect(client.append("state.changed", 1)).rejects.toMatchObject({ code: "bad_request" });
    expect(requests).toHaveLength(2);
  });

  test("CL28 gives up after five tries", async () => {
    const { client, clock, requests } = server(...Array.from({ length: 9 }, () => new TypeError("offline")));
    const view = client.getView().catch((error: unknown) => error);
    await clock.advanceAsync(60_000);
    await settled();
    expect(await view).toMatchObject({ code: "unavailable" });
    expect(requests).toHaveLength(5);
  });
});

test("CL31 a client sends its headers along with what it asks over HTTP", async () => {
  const sent: [string, string | null][] = [];
  const { parts, summarize } = new SessionClient({
    url: "https://s.test",
    kind: "note",
    name: "n1",
    headers: { authorization: "Bearer t" },
    fetch: async (url, { headers } = {}) => {
      sent.push([String(url).split("/n1")[1] ?? "", new Headers(headers).get("authorization")]);
      return Response.json({});
    },
  });
  await parts.upload("text");
  await summarize();
  expect(sent).toEqual([
    ["/parts", "Bearer t"],
    ["/summaries", "Bearer t"],
  ]);
});
