import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "./start.ts";

const toolNames = [
  "ask",
  "cancel_pending",
  "end",
  "export",
  "history",
  "list",
  "resume",
  "start",
  "summarize",
  "sync_status",
];

let fixture: Fixture;
const clients: Client[] = [];
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(() => fixture.stop());

/** The official client, as one person. */
async function connected(user = "ada", path = "/mcp"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { "x-test-user": user } };
  await client.connect(new StreamableHTTPClientTransport(new URL(fixture.at(path)), { requestInit }));
  clients.push(client);
  return client;
}

/** What a tool answers, its text and its structure alike. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes, and a wrong one fails them
async function use(client: Client, name: string, args: Record<string, unknown>): Promise<any> {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
  const [first] = content as { text: string }[];
  const said = JSON.parse(first?.text ?? "null");
  if (isError) throw said;
  expect(structuredContent).toEqual(said);
  return said;
}

const refused = (client: Client, name: string, args: Record<string, unknown>) =>
  use(client, name, args).then(
    (answer) => ({ answered: answer }),
    (refusal) => refusal,
  );

describe("the server", () => {
  test("MC1 it keeps no sessions: GET and DELETE are 405, and a client of the older handshake is served too", async () => {
    for (const method of ["GET", "DELETE"]) expect((await fixture.ask(method, "/mcp")).status).toBe(405);
    const older = await fetch(fixture.at("/mcp"), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
    });
    expect(older.status).toBe(200);
    expect(await older.text()).toContain('"session_start"');
  });

  test.each([
    ["/mcp", "session_", true],
    ["/test/tn-mcp", "tn_session_", false],
  ])("MC2 at %s the ten tools are named %s…, described and annotated", async (path, prefix, hasKinds) => {
    const { tools } = await (await connected("ada", path)).listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(toolNames.map((name) => prefix + name));
    for (const { name, inputSchema, outputSchema, annotations } of tools) {
      expect([name, outputSchema?.type]).toEqual([name, "object"]);
      expect([name, "kind" in (inputSchema.properties ?? {})]).toEqual([name, hasKinds]);
      expect([name, inputSchema.additionalProperties]).toEqual([name, false]);
      const isRead = /(?:history|list|resume|export|sync_status)$/.test(name);
      expect([name, annotations?.readOnlyHint ?? false]).toEqual([name, isRead]);
      const isDestructive = /(?:_end|cancel_pending)$/.test(name);
      if (!isRead) expect([name, annotations?.destructiveHint]).toEqual([name, isDestructive]);
    }
  });

  test("MC14 pages of other sites use no tool, and a body over the bound is not read", async () => {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const headers = { accept: "application/json, text/event-stream", origin: "https://evil.example" };
    expect((await fixture.ask("POST", "/mcp", { body, headers })).status).toBe(403);
    const text = JSON.stringify({ ...body, params: { x: "x".repeat(300_000) } });
    const large = await fixture.ask("POST", "/mcp", {
      text,
      headers: { accept: headers.accept, "content-type": "application/json" },
    });
    expect(large.status).toBe(413);
  });
});

describe("tools", () => {
  test("MC2 every tool does what it says, on both kinds of session", async () => {
    for (const kind of ["notes", "books"]) {
      const client = await connected();
      const { sessionId, expiresAt, lifecycle } = await use(client, "session_start", {
        kind,
        userId: "u1",
        context: { course: "MATH 101" },
      });
      expect([sessionId.length, expiresAt, lifecycle]).toEqual([26, null, "active"]);
      const asked = await use(client, "session_ask", { kind, sessionId, message: "Does it transfer?" });
      expect(asked).toMatchObject({
        response: null,
        repeated: false,
        events: [{ type: "message", role: "user", content: "Does it transfer?" }],
      });
      const { items } = await use(client, "session_history", { kind, sessionId });
      expect(items.at(-1)).toEqual(asked.events[0]);
      const context = items.find(({ type }: { type: string }) => type === "context");
      expect(JSON.parse(context.content)).toEqual({ course: "MATH 101", userId: "u1" });
      const ended = await use(client, "session_end", { kind, sessionId });
      expect(ended.lifecycle).toBe("terminated");
      expect((await use(client, "session_end", { kind, sessionId })).lifecycle).toBe("terminated");
      expect(await refused(client, "session_ask", { kind, sessionId, message: "x" })).toMatchObject({
        code: "not_writable",
      });
    }
  });

  test("MC2 AC3 a session of an owned kind that is started belongs to whoever called, also without a context", async () => {
    const session = { kind: "vaults", sessionId: fixture.name() };
    const nobody = new Client({ name: "test", version: "1" });
    await nobody.connect(new StreamableHTTPClientTransport(new URL(fixture.at("/mcp"))));
    clients.push(nobody);
    expect(await refused(nobody, "session_start", session)).toMatchObject({ code: "not_found" });
    const client = await connected();
    const { createdAt, ...started } = await use(client, "session_start", session);
    expect(started).toMatchObject({ sessionId: session.sessionId, lifecycle: "active", expiresAt: null });
    const { body } = await fixture.ask("GET", `vaults/${session.sessionId}`, {
      headers: { "x-test-user": "ada" },
    });
    expect([body.access.ownerId, body.createdAt]).toEqual(["ada", createdAt]);
  });

  test("MC7 the list and the history come in pages, each item once", async () => {
    const client = await connected();
    const sessionId = fixture.name("paged");
    await use(client, "session_start", { sessionId });
    for (let n = 0; n < 21; n++) await use(client, "session_ask", { sessionId, message: `m${n}` });
    const first = await use(client, "session_history", { sessionId });
    expect([first.items.length, first.hasMore]).toEqual([20, true]);
    const seqs: number[] = [];
    for (let cursor: string | undefined, more = true; more; ) {
      const page = await use(client, "session_history", {
        sessionId,
        limit: 7,
        ...(cursor ? { cursor } : {}),
      });
      seqs.push(...page.items.map(({ seq }: { seq: number }) => seq));
      [cursor, more] = [page.nextCursor, page.hasMore];
    }
    expect(seqs).toEqual(seqs.map((_seq, index) => index + 1));
    const listed = async (): Promise<string[]> => {
      const page = await use(client, "session_list", { q: "paged", limit: 1 });
      return page.items.map((item: { sessionId: string }) => item.sessionId);
    };
    await expect.poll(listed).toEqual([sessionId]);
  });

  test("MC8 taken up again, a session gives what follows the last seq seen, or its newest snapshot", async () => {
    const client = await connected("ada", "/test/tn-mcp");
    const sessionId = fixture.name();
    await use(client, "tn_session_start", { sessionId });
    for (let n = 0; n < 12; n++) await use(client, "tn_session_ask", { sessionId, message: `m${n}` });
    const { lastSeq } = await use(client, "tn_session_resume", { sessionId });
    const tail = await use(client, "tn_session_resume", { sessionId, lastSeenSeq: lastSeq - 1 });
    expect(tail).toMatchObject({ lifecycle: "active", status: "open", snapshot: null, hasMore: false });
    expect(tail.items.map(({ seq }: { seq: number }) => seq)).toEqual([lastSeq]);
    const sealed = await use(client, "tn_session_resume", { sessionId, fromSnapshot: true });
    expect(sealed.snapshot).toMatchObject({ fromSeq: 1, state: { count: 0 } });
    expect(sealed.items[0].seq).toBe(sealed.snapshot.toSeq + 1);
  });

  test("MC9 an export is the file that HTTP gives; a large one is only named", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    await use(client, "session_ask", { sessionId, message: "hello" });
    const { data, url, filename } = await use(client, "session_export", { sessionId });
    expect([filename, url]).toEqual([`notes-${sessionId}.ndjson`, fixture.at(`notes/${sessionId}/export`)]);
    expect(data).toBe((await fixture.get(`notes/${sessionId}/export`)).body);
    const event = (n: number) => ({ clientEventId: `l-${n}`, type: "message", payload: "x".repeat(100_000) });
    await fixture.ask("POST", `notes/${sessionId}/events`, { body: [event(1), event(2), event(3)] });
    expect((await use(client, "session_export", { sessionId })).data).toBeNull();
  });

  test("MC10 the sync status says how far the record is, in numbers, also while D1 is down", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    const status = () => use(client, "session_sync_status", { kind: "books", sessionId });
    await use(client, "session_ask", { kind: "books", sessionId, message: "recorded" });
    const calm = await status();
    expect(calm).toMatchObject({ durability: "ledger", staged: 0, pending: 0, refusal: null });
    expect(calm.recordedSeq).toBe(calm.lastSeq);
    await fixture.ask("POST", "/test/d1/down");
    try {
      const hidden = use(client, "session_ask", { kind: "books", sessionId, message: "not yet" });
      await expect.poll(async () => (await status()).refusal?.code).toBe("unavailable");
      const frozen = await status();
      expect(frozen.staged + frozen.pending).toBe(1);
      expect(frozen.recordedSeq).toBe(calm.recordedSeq);
      expect(await refused(client, "session_ask", { kind: "books", sessionId, message: "x" })).toMatchObject({
        code: "unavailable",
        retryAfter: expect.any(Number),
      });
      await fixture.ask("POST", "/test/d1/up");
      await hidden;
    } finally {
      await fixture.ask("POST", "/test/d1/up");
    }
    await use(client, "session_ask", { sessionId, message: "a mirror" });
    const recorded = async (): Promise<boolean> => {
      const { durability, lastSeq, recordedSeq, pending } = await use(client, "session_sync_status", {
        sessionId,
      });
      expect([durability, pending]).toEqual(["mirror", lastSeq - recordedSeq]);
      return recordedSeq === lastSeq;
    };
    await expect.poll(recorded).toBe(true);
  });

  test("MC11 the caller's own pending message is cancelled, nobody else's", async () => {
    const [ada, bob] = [await connected(), await connected("bob")];
    const sessionId = fixture.name();
    const save = { body: { type: "message", payload: { text: "draft" } }, headers: { "x-test-user": "ada" } };
    const { body } = await fixture.ask("PUT", `notes/${sessionId}/draft`, save);
    expect(await refused(bob, "session_cancel_pending", { sessionId })).toMatchObject({ code: "not_found" });
    const { draftId, seq } = await use(ada, "session_cancel_pending", { sessionId });
    expect(draftId).toBe(body.result.draftId);
    expect(await use(ada, "session_cancel_pending", { sessionId, draftId })).toEqual({ draftId, seq });
    expect(await refused(ada, "session_cancel_pending", { sessionId })).toMatchObject({ code: "not_found" });
  });

  test("MC12 a summary says when the next may be made", async () => {
    const client = await connected();
    const session = { kind: "tiny", sessionId: fixture.name() };
    const body = {
      clientEventId: "c-1",
      type: "card.moved",
      payload: "Calculus transfers to the university.",
    };
    await fixture.ask("POST", `tiny/${session.sessionId}/events`, { body });
    const ask = { ...session, style: "detailed" };
    const summary = await use(client, "session_summarize", ask);
    expect(summary).toMatchObject({ style: "detailed", cooldownRemaining: expect.any(Number) });
    expect(summary.summaryId).toHaveLength(26);
    expect(summary.cooldownRemaining).toBeGreaterThan(0);
    expect((await use(client, "session_summarize", ask)).summaryId).toBe(summary.summaryId);
    const silent = await refused(client, "session_summarize", { sessionId: session.sessionId });
    expect(silent).toMatchObject({ code: "rejected", field: "style" });
  });

  test("MC13 a session's log is a resource", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    await use(client, "session_ask", { sessionId, message: "hello" });
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([{ uriTemplate: "sessile://{kind}/{name}" }]);
    const { contents } = await client.readResource({ uri: `sessile://notes/${sessionId}` });
    expect(contents[0]).toMatchObject({
      mimeType: "application/x-ndjson",
      text: (await fixture.get(`notes/${sessionId}/export`)).body,
    });
    await expect(client.readResource({ uri: `sessile://diary/${sessionId}` })).rejects.toThrow(
      /no such kind/,
    );
    const listed = async () => (await client.listResources()).resources.map(({ uri }) => uri);
    await expect.poll(listed).toContain(`sessile://notes/${sessionId}`);
    for (const kind of ["books", "vaults", "notes"]) await use(client, "session_start", { kind, sessionId });
    await use(client, "session_ask", { sessionId, message: "the newest" });
    const ofThis = async () => (await listed()).filter((uri) => uri.endsWith(`/${sessionId}`));
    await expect.poll(ofThis).toHaveLength(3);
    await expect.poll(async () => (await listed())[0]).toBe(`sessile://notes/${sessionId}`);
    expect((await listed()).length).toBeLessThanOrEqual(100);
  });
});

describe("refusals", () => {
  test.each([
    ["session_ask", { message: "" }, "message"],
    ["session_ask", { message: "x".repeat(10_001) }, "message"],
    ["session_ask", {}, "message"],
    ["session_ask", { message: "x", clientEventId: "x".repeat(129) }, "clientEventId"],
    ["session_ask", { message: "x", clientEventId: "has space" }, "clientEventId"],
    ["session_ask", { message: "x", kind: "diary" }, "kind"],
    ["session_ask", { message: "x", unknown: 1 }, "arguments"],
    ["session_history", { limit: 0 }, "limit"],
    ["session_history", { limit: 101 }, "limit"],
    ["session_history", { cursor: "nonsense" }, "cursor"],
    ["session_list", { cursor: "nonsense", sessionId: undefined }, "cursor"],
    ["session_resume", { lastSeenSeq: -1 }, "lastSeenSeq"],
    ["session_summarize", { style: "poem" }, "style"],
    ["session_history", { sessionId: "../etc" }, "name"],
    ["session_history", { sessionId: "" }, "sessionId"],
  ])("MC4 %s refuses %o and names %s", async (name, args, field) => {
    const refusal = await refused(await connected(), name, { sessionId: "s", ...args });
    expect(refusal).toMatchObject({ code: "bad_request", field, requestId: expect.any(String) });
  });

  test("MC4 a message of 10,000 characters is taken, and a page of 100", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    await use(client, "session_ask", { sessionId, message: "x".repeat(10_000) });
    expect(
      (await use(client, "session_history", { sessionId, limit: 100 })).items.at(-1).content,
    ).toHaveLength(10_000);
  });

  test("MC6 the same clientEventId adds nothing, and the same sessionId is the same session", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    const args = { sessionId, context: { a: 1 } };
    const started = await use(client, "session_start", args);
    expect(await use(client, "session_start", args)).toEqual(started);
    const ask = { sessionId, message: "once", clientEventId: "ask-1" };
    const { events } = await use(client, "session_ask", ask);
    expect(await use(client, "session_ask", ask)).toEqual({ response: null, events, repeated: true });
    expect(await refused(await connected("bob"), "session_ask", ask)).toMatchObject({ code: "fenced" });
  });

  test("MC3 each tool needs what its routes need, and nobody is asked who they are", async () => {
    const rights: Record<string, string> = {
      session_start: "read",
      session_list: "read",
      session_history: "read",
      session_resume: "read",
      session_export: "read",
      session_sync_status: "read",
      session_ask: "write",
      session_cancel_pending: "write",
      session_summarize: "write",
    };
    for (const user of ["mallory", "only-read", "only-write", "only-approve", "only-admin"]) {
      const client = await connected(user);
      const sessionId = fixture.name();
      for (const [name, right] of Object.entries(rights)) {
        const args = name.endsWith("list") ? {} : { sessionId };
        const more = name.endsWith("ask")
          ? { message: "x" }
          : name.includes("cancel")
            ? { draftId: "d" }
            : {};
        const { code, message } = await refused(client, name, { ...args, ...more });
        const isRefused = code === "forbidden" && message.startsWith("You may not");
        expect([user, name, isRefused]).toEqual([user, name, user !== `only-${right}`]);
      }
      expect(await refused(client, "session_end", { sessionId })).toMatchObject({ code: "forbidden" });
    }
    const anonymous = new Client({ name: "test", version: "1" });
    await anonymous.connect(new StreamableHTTPClientTransport(new URL(fixture.at("/mcp"))));
    clients.push(anonymous);
    const private_ = { sessionId: fixture.name("private") };
    expect(await refused(anonymous, "session_history", private_)).toMatchObject({ code: "unauthenticated" });
  });

  test("MC5 a refusal has code, message and request, and nothing from inside", async () => {
    const client = await connected();
    const sessionId = fixture.name();
    await use(client, "session_end", { sessionId });
    const refusal = await refused(client, "session_ask", { sessionId, message: "late" });
    expect(Object.keys(refusal).sort()).toEqual(["code", "current", "message", "requestId"]);
  });
});
