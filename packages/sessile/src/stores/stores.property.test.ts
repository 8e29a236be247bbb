import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NodeSql } from "../node/node-sql.ts";
import { type AgentStatus, initialSessionState, type JsonObject } from "../protocol/session-state.ts";
import type { SessionStateStore } from "../protocol/state-store.ts";
import { createMemoryStateStore, createSqlStateStore } from "./index.ts";
import { mergePatch } from "./merge-patch.ts";

const idle = initialSessionState("writer", "stream");
const status = fc.constantFrom<AgentStatus>("idle", "active", "completed", "failed");
const session = fc.constantFrom("a", "b");
const small = fc.nat(4);
const says = (n: number) => ({ role: "user", content: `m${n}` });

type Act = (store: SessionStateStore) => Promise<unknown>;
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(session, status).map(
    ([id, to]): Act =>
      (store) =>
        store.createSession(id, { ...idle, status: to }),
  ),
  session.map(
    (id): Act =>
      (store) =>
        store.deleteSession(id),
  ),
  fc.tuple(session, fc.option(small, { nil: undefined })).map(
    ([id, expectedVersion]): Act =>
      (store) =>
        store.saveState(
          id,
          { ...idle, stepCount: 9 },
          expectedVersion === undefined ? {} : { expectedVersion },
        ),
  ),
  fc.tuple(session, status, status).map(
    ([id, from, to]): Act =>
      (store) =>
        store.compareAndSetStatus(id, [from], to),
  ),
  session.map(
    (id): Act =>
      (store) =>
        store.incrementStepCount(id),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.appendMessages(id, [says(n), says(n + 1)]),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.truncateMessages(id, n),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.stageMessages(id, `s${n % 2}`, [{ key: `k${n}`, message: says(n) }]),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.discardStaging(id, `s${n % 2}`),
  ),
  fc
    .record({
      id: session,
      behind: fc.constantFrom(0, 0, 0, 1),
      n: small,
      cut: fc.option(small, { nil: undefined }),
      staged: fc.boolean(),
    })
    .map(
      ({ id, behind, n, cut, staged }): Act =>
        async (store) =>
          store.saveStateAndPromoteStaging(id, {
            state: { ...idle, stepCount: n },
            expectedVersion: Math.max(1, ((await store.loadState(id))?.version ?? 1) - behind),
            messages: [says(n)],
            checkpoint: { checkpointId: `cp-${n}`, streamSequence: n },
            run: { runId: `${id}-run-${n % 2}`, stepCount: n },
            ...(cut === undefined ? {} : { truncateTo: cut }),
            ...(staged ? { stagingId: `s${n % 2}` } : {}),
          }),
    ),
  fc.tuple(session, fc.integer({ min: 1, max: 3 })).map(
    ([id, keep]): Act =>
      (store) =>
        store.pruneCheckpoints(id, keep),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.createRun(id, { runId: `${id}-run-${n % 2}` }),
  ),
  fc.tuple(session, small).map(
    ([id, n]): Act =>
      (store) =>
        store.updateRun(id, `${id}-run-${n % 2}`, { status: "completed" }, { expected: ["running"] }),
  ),
);

async function outcomeOf(act: Act, store: SessionStateStore): Promise<unknown> {
  try {
    return await act(store);
  } catch (thrown) {
    return { code: (thrown as { code?: string }).code };
  }
}

async function everythingOf(store: SessionStateStore): Promise<unknown> {
  return Promise.all(
    ["a", "b"].map(async (id) => [
      await store.loadState(id),
      await store.getMessages(id),
      await store.getStaging(id, "s0"),
      await store.getStaging(id, "s1"),
      await store.listCheckpoints(id),
      await store.getLatestCheckpoint(id),
      await store.listRuns(id),
    ]),
  );
}

test("AS2 AS5 AS6 AS8 whatever is done, the stores answer alike and end alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 40 }), async (history) => {
      const now = () => 1000;
      const memory = createMemoryStateStore({ now });
      const sql = createSqlStateStore(new NodeSql(new DatabaseSync(":memory:")), { now });
      for (const act of history) expect(await outcomeOf(act, memory)).toEqual(await outcomeOf(act, sql));
      expect(await everythingOf(memory)).toEqual(await everythingOf(sql));
    }),
    { numRuns: 100 },
  );
});

test("AS13 SQLite merges as RFC 7396 says", () => {
  const value = fc
    .jsonValue({ maxDepth: 3 })
    .map((json) => JSON.parse(JSON.stringify(json).replaceAll("__proto__", "p")));
  const object = fc.dictionary(fc.constantFrom("a", "b", "c", "ä"), value, { noNullPrototype: true });
  const database = new DatabaseSync(":memory:");
  const merge = database.prepare("SELECT json_patch(?, ?) AS merged");
  fc.assert(
    fc.property(object, object, (target, patch) => {
      const { merged } = merge.get(JSON.stringify(target), JSON.stringify(patch)) as { merged: string };
      expect(JSON.parse(merged)).toEqual(mergePatch(target as JsonObject, patch as JsonObject));
    }),
  );
});
