import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { NodeSql } from "../node/node-sql.ts";
import type { SessionStateStore } from "../protocol/state-store.ts";
import { openSqliteD1 } from "../record/sqlite-d1.ts";
import { createD1StateStore, createSqlStateStore } from "./index.ts";

/** Whole databases as they were at a version, with rows. Never made anew: what is released stays as it was. */
const fixture = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}.sql`, import.meta.url), "utf8");

/** What every version had, and what some had: null where the version did not know it. */
async function expectKept(store: SessionStateStore, since: (d1: number, object: number) => boolean) {
  const when = <T>(known: boolean, value: T, otherwise: T): T => (known ? value : otherwise);
  expect(await store.loadState("old")).toEqual({
    sessionId: "old",
    agentType: "writer",
    streamId: "stream-old",
    parentSessionId: "parent",
    rootSessionId: when<string | null>(since(7, 3), "root", null),
    status: "suspended_client_tool",
    stepCount: 2,
    resumeCount: when(since(7, 1), 1, 0),
    output: { text: "ä" },
    error: "e",
    failureReason: when<string | null>(since(7, 1), "why", null),
    aborted: false,
    abortReason: null,
    customState: { plan: [1, 2] },
    userId: when<string | null>(since(3, 1), "ada", null),
    tags: when<string[]>(since(3, 1), ["urgent"], []),
    metadata: when<object>(since(3, 1), { from: "mail" }, {}),
    pendingClientToolCalls: when<object>(since(7, 3), { "call-1": { name: "approve" } }, {}),
    completedClientToolCalls: when<object>(since(8, 4), { "call-0": { at: 1 } }, {}),
    clientToolCallOwnership: when<object>(since(7, 3), { "call-1": "old" }, {}),
    // Objects had no expiry of their own before the context.
    suspension: when<object | null>(since(7, 99), { expiresAt: 5000 }, null),
    version: when(since(7, 3), 7, 1),
    messageCount: 3,
    checkpointId: "cp-2",
    createdAt: 1000,
    updatedAt: 2000,
  });
  expect((await store.getMessages("old", { offset: 1 })).messages).toEqual([
    { role: "user", content: "m1" },
    { role: "user", content: "m2" },
  ]);
  expect(await store.getCheckpoint("old", "cp-1")).toMatchObject({
    messageCount: 1,
    streamSequence: 10,
    state: { stepCount: 1, customState: { n: 1 }, pendingClientToolCalls: {}, suspension: null },
  });
  expect(await store.getSubSessionRefs("old")).toMatchObject([
    {
      subSessionId: "child",
      remote: when<object | null>(since(2, 1), { url: "https://example.com" }, null),
      mode: when(since(4, 2), "persistent", "ephemeral"),
      name: when<string | null>(since(4, 1), "friend", null),
    },
  ]);
  expect(await store.getCurrentRun("old")).toMatchObject({ runId: "run-2", turn: 2, completedAt: null });
  expect((await store.listRuns("old"))[1]).toMatchObject({
    startSequence: when(since(6, 1), 3, 0),
    outcome: when<object | null>(since(6, 1), { callIds: [] }, null),
  });
  expect((await store.checkInterruptFlag("old"))?.reason).toBe(
    when<string | undefined>(since(6, 1), "user_requested", undefined),
  );
  expect((await store.getStaging("old", "step-3"))?.messages.length).toBe(
    when<number | undefined>(since(7, 3), 1, undefined),
  );
  expect(await store.loadState("idle")).toMatchObject({ status: "active", version: 1, suspension: null });
}

/** An old session goes on as a new one does. */
async function expectUsable(store: SessionStateStore) {
  const state = await store.loadState("old");
  if (!state) throw new Error("The old session is gone.");
  const { version, sessionId: _, messageCount: __, checkpointId: ___, ...next } = state;
  const saved = await store.saveStateAndPromoteStaging("old", {
    state: { ...next, stepCount: 3 },
    expectedVersion: version,
    stagingId: "step-3",
    messages: [{ role: "assistant", content: "on" }],
    checkpoint: { checkpointId: "cp-3", streamSequence: 30 },
    run: { runId: "run-2", stepCount: 3 },
  });
  expect(saved).toMatchObject({ ok: true, newVersion: version + 1 });
  expect(await store.getLatestCheckpoint("old")).toMatchObject({ checkpointId: "cp-3", stepCount: 3 });
}

describe("tables of older versions", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("AS18 D1 version %i keeps its rows", async (version) => {
    const db = openSqliteD1();
    db.database.exec(fixture(`d1-v${version}`));
    const store = createD1StateStore(db);
    await expectKept(store, (d1) => version >= d1);
    const usage = db.database.prepare("SELECT entry_id, total_tokens FROM __agents_usage").all();
    expect(usage.map((row) => ({ ...row }))).toEqual(
      version >= 5 ? [{ entry_id: "e1", total_tokens: 7 }] : [],
    );
    await expectUsable(store);
  });

  test("AS14 AS18 a session that waited in D1's version 7 lapses as any other", async () => {
    const db = openSqliteD1();
    db.database.exec(fixture("d1-v7"));
    const store = createD1StateStore(db);
    expect(await store.expireSessions(4999)).toEqual([]);
    expect(await store.expireSessions(5000)).toEqual(["old"]);
    expect(await store.loadState("old")).toMatchObject({ status: "failed", failureReason: "expired" });
    const plan = db.database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT session_id FROM __agents_states WHERE suspension_context IS NOT NULL
          AND json_extract(suspension_context, '$.expiresAt') <= 5 ORDER BY json_extract(suspension_context, '$.expiresAt')`,
      )
      .all();
    expect(plan.map(({ detail }) => detail).join()).toContain("idx___agents_states_suspension_expires_at");
  });

  test.each([1, 2, 3, 4])("AS18 an object of version %i is upgraded by its next use", async (version) => {
    const database = new DatabaseSync(":memory:");
    database.exec(fixture(`object-v${version}`));
    const store = createSqlStateStore(new NodeSql(database));
    const versions = () => database.prepare("SELECT version FROM _sessile_migration").all().length;
    expect(versions()).toBe(version);
    await expectKept(store, (_, object) => version >= object);
    expect(versions()).toBe(5);
    await expectUsable(store);
    const message = database.prepare("SELECT role, content FROM __agents_messages WHERE sequence = 0").get();
    expect({ ...message }).toEqual({ role: "user", content: "m0" });
  });
});
