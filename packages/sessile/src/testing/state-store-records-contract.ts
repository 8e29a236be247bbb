import { initialSessionState } from "../protocol/session-state.ts";
import { equal, refused } from "./contract-checks.ts";
import type { StateStoreCase } from "./state-store-contract.ts";

const idle = initialSessionState("writer", "stream-1");
const says = (content: string) => ({ role: "assistant", content });
const texts = (count: number) => Array.from({ length: count }, (_, n) => says(`m${n}`));

/** Messages, stagings, checkpoints, runs, sub-sessions, interrupts, merging and expiry. */
export const recordCases: readonly StateStoreCase[] = [
  {
    title: "AS4 messages are kept in order and read in pages; they do not change the version",
    async run({ store }, id) {
      await store.createSession(id, idle);
      equal(await store.appendMessages(id, texts(95)), 95, "the count");
      const counts = await Promise.all([
        store.appendMessages(id, [says("x")]),
        store.appendMessages(id, [says("y")]),
      ]);
      equal([...counts].sort(), [96, 97], "two at once");
      equal(await store.appendMessages(id, []), 97, "none");
      const first = await store.getMessages(id);
      equal([first.messages.length, first.hasMore], [97, false], "a page");
      const page = await store.getMessages(id, { offset: 94, limit: 2 });
      equal([page.messages.length, page.messages[0], page.hasMore], [2, says("m94"), true], "the next");
      equal(await store.getMessages(id, { offset: 97 }), { messages: [], hasMore: false }, "after the last");
      const state = await store.loadState(id);
      equal([state?.version, state?.messageCount, await store.getMessageCount(id)], [1, 97, 97], "the state");
      const long = { role: "tool", content: '"'.repeat(800_000), parts: [{ n: 1 }] };
      for (let n = 0; n < 4; n++) await store.appendMessages(id, [long]);
      const { messages, hasMore } = await store.getMessages(id, { offset: 97 });
      equal([messages.length, messages[0], hasMore], [3, long, true], "a page of long ones");
    },
  },
  {
    title: "AS5 truncation drops messages beyond a count, and checkpoints that counted them",
    async run({ store }, id) {
      await store.createSession(id, idle);
      for (const [step, messages] of [2, 3, 4].entries())
        await store.saveStateAndPromoteStaging(id, {
          state: { ...idle, stepCount: step + 1 },
          expectedVersion: step + 1,
          messages: texts(messages),
          checkpoint: { checkpointId: `cp-${step}`, streamSequence: step },
        });
      equal(await store.truncateMessages(id, 100), 9, "beyond the end");
      equal(await store.truncateMessages(id, 6), 6, "the count");
      const left = await store.listCheckpoints(id);
      equal(
        [left.checkpoints.map(({ checkpointId }) => checkpointId), left.total],
        [["cp-1", "cp-0"], 2],
        "what is left",
      );
      equal((await store.loadState(id))?.checkpointId, "cp-1", "the newest");
      equal(await store.appendMessages(id, [says("on")]), 7, "going on");
      equal((await store.getMessages(id, { offset: 5 })).messages, [says("m0"), says("on")], "the end");
      const checkpoint = await store.getCheckpoint(id, "cp-0");
      const version = (await store.loadState(id))?.version ?? 0;
      if (checkpoint)
        await store.saveStateAndPromoteStaging(id, {
          state: checkpoint.state,
          expectedVersion: version,
          truncateTo: checkpoint.messageCount,
        });
      const back = await store.loadState(id);
      equal(
        [back?.stepCount, back?.messageCount, back?.checkpointId],
        [1, 2, "cp-0"],
        "back at a checkpoint",
      );
      equal(await store.truncateMessages(id, 0), 0, "all of it");
      equal((await store.loadState(id))?.checkpointId, null, "no checkpoint");
    },
  },
  {
    title:
      "AS6 staged messages wait in order, the first of a key stands, and a promoted staging takes no more",
    async run({ store }, id) {
      await store.createSession(id, idle);
      const staged = (key: string) => ({ key, message: says(key) });
      equal(await store.stageMessages(id, "s", [staged("a"), staged("b")]), true, "staging");
      equal(
        await store.stageMessages(id, "s", [{ key: "b", message: says("other") }, staged("c")]),
        true,
        "again",
      );
      equal(
        await store.getStaging(id, "s"),
        { messages: ["a", "b", "c"].map(staged), promotedTo: null },
        "what waits",
      );
      equal([await store.getMessageCount(id), await store.getStaging(id, "t")], [0, null], "elsewhere");
      await store.stageMessages(id, "t", [staged("x")]);
      equal(
        [await store.discardStaging(id, "t"), await store.discardStaging(id, "t")],
        [true, false],
        "discarding",
      );
      await store.saveStateAndPromoteStaging(id, { state: idle, expectedVersion: 1, stagingId: "s" });
      equal((await store.getMessages(id)).messages, ["a", "b", "c"].map(says), "the conversation");
      equal(await store.stageMessages(id, "s", [staged("late")]), false, "a late one");
      equal(
        await store.getStaging(id, "s"),
        { messages: [], promotedTo: "" },
        "promoted without a checkpoint",
      );
      equal(await store.discardStaging(id, "s"), false, "discarding what was promoted");
      const many = Array.from({ length: 100 }, (_, n) => staged(`k${n}`));
      await store.stageMessages(id, "many", many);
      equal((await store.getStaging(id, "many"))?.messages, many, "many");
    },
  },
  {
    title: "AS9 checkpoints are listed newest first, hold their state, and are pruned from the oldest",
    async run({ store }, id) {
      await store.createSession(id, idle);
      for (let n = 1; n <= 4; n++)
        await store.saveStateAndPromoteStaging(id, {
          // As it was loaded, with its version and times, which are no part of the state.
          state: { ...((await store.loadState(id)) ?? idle), customState: { n } },
          expectedVersion: n,
          checkpoint: { checkpointId: `cp-${n}`, streamSequence: n * 10 },
        });
      const page = await store.listCheckpoints(id, { offset: 1, limit: 2 });
      equal(
        [page.checkpoints.map(({ streamSequence }) => streamSequence), page.total, page.hasMore],
        [[30, 20], 4, true],
        "a page",
      );
      const { createdAt: _, ...one } = (await store.getCheckpoint(id, "cp-2")) ?? { createdAt: 0 };
      equal(
        one,
        {
          checkpointId: "cp-2",
          sessionId: id,
          stepCount: 0,
          messageCount: 0,
          streamSequence: 20,
          state: { ...idle, customState: { n: 2 } },
        },
        "one",
      );
      equal([await store.pruneCheckpoints(id, 2), await store.pruneCheckpoints(id, 2)], [2, 0], "pruning");
      equal(
        [await store.getCheckpoint(id, "cp-2"), (await store.getLatestCheckpoint(id))?.checkpointId],
        [null, "cp-4"],
        "the rest",
      );
    },
  },
  {
    title: "AS10 runs are numbered, begun once, compared and set, and over when they say so",
    async run({ store }, id) {
      await store.createSession(id, idle);
      equal(await store.getCurrentRun(id), null, "none");
      const first = await store.createRun(id, { runId: `${id}-1`, startSequence: 5 });
      equal(
        [first.turn, first.status, first.startSequence, first.outcome, first.completedAt],
        [1, "running", 5, null, null],
        "a run",
      );
      equal(await store.createRun(id, { runId: `${id}-1` }), first, "the same again");
      const ended = await store.updateRun(
        id,
        `${id}-1`,
        { status: "suspended_client_tool", stepCount: 2, outcome: { callIds: ["c"] } },
        { expected: ["running"] },
      );
      equal(
        [ended.ok, ended.run?.stepCount, ended.run?.outcome, ended.run?.completedAt !== null],
        [true, 2, { callIds: ["c"] }, true],
        "its end",
      );
      const late = await store.updateRun(id, `${id}-1`, { status: "failed" }, { expected: ["running"] });
      equal([late.ok, late.run?.status], [false, "suspended_client_tool"], "a second end");
      equal(await store.updateRun(id, "none", { stepCount: 1 }), { ok: false, run: null }, "no run");
      equal((await store.createRun(id, { runId: `${id}-2` })).turn, 2, "the next");
      await store.saveStateAndPromoteStaging(id, {
        state: idle,
        expectedVersion: 1,
        run: { runId: `${id}-2`, stepCount: 9 },
      });
      equal((await store.getCurrentRun(id))?.stepCount, 9, "with a save");
      equal(
        (await store.listRuns(id, { limit: 1, offset: 1 })).map(({ turn }) => turn),
        [1],
        "listed",
      );
      await store.createSession(`${id}-other`, idle);
      await refused(
        () => store.createRun(`${id}-other`, { runId: `${id}-1` }),
        "conflict",
        "another's run",
        "runId",
      );
    },
  },
  {
    title: "AS11 sub-sessions are added once and say when they are over",
    async run({ store }, id) {
      await store.createSession(id, idle);
      const ref = {
        subSessionId: "kid",
        agentType: "helper",
        parentToolCallId: "call",
        status: "active" as const,
        remote: { url: "https://example.com" },
        mode: "persistent" as const,
        name: "friend",
      };
      equal(
        [await store.addSubSessionRef(id, ref), await store.addSubSessionRef(id, { ...ref, name: "no" })],
        [true, false],
        "adding",
      );
      equal(
        [
          await store.updateSubSessionRef(id, "kid", "paused"),
          await store.updateSubSessionRef(id, "nobody", "failed"),
        ],
        [true, false],
        "changing",
      );
      const [{ startedAt: _s, ...stored } = { startedAt: 0 }] = await store.getSubSessionRefs(id);
      equal(stored, { ...ref, status: "paused", completedAt: null }, "the ref");
      await store.updateSubSessionRef(id, "kid", "completed");
      equal((await store.getSubSessionRefs(id))[0]?.completedAt === null, false, "its end");
    },
  },
  {
    title: "AS12 an interrupt lasts until it is cleared, and is of its session only",
    async run({ store }, id) {
      await store.createSession(id, idle);
      equal([await store.checkInterruptFlag(id), await store.clearInterruptFlag(id)], [null, false], "none");
      await store.setInterruptFlag(id, "user_requested");
      await store.setInterruptFlag(id, "superseded");
      equal((await store.checkInterruptFlag(id))?.reason, "superseded", "the flag");
      equal(await store.checkInterruptFlag(`${id}-other`), null, "another's");
      equal(
        [await store.clearInterruptFlag(id), await store.checkInterruptFlag(id)],
        [true, null],
        "cleared",
      );
    },
  },
  {
    title: "AS13 custom state is merged in depth; merges at the same time are both kept, and arrays replace",
    async run({ store }, id) {
      await store.createSession(id, {
        ...idle,
        customState: { a: { x: 1, y: 2 }, list: [1, 2], gone: true },
      });
      const merged = await store.mergeCustomState(id, {
        a: { y: null, z: { deep: [] } },
        list: [3],
        gone: null,
      });
      equal([merged.newVersion, merged.warnings.length], [2, 2], "the answer");
      equal(
        (await store.loadState(id))?.customState,
        { a: { x: 1, z: { deep: [] } }, list: [3] },
        "the merge",
      );
      await Promise.all(
        Array.from({ length: 5 }, (_, n) => store.mergeCustomState(id, { [`k${n}`]: n, text: 'ä"\u0001' })),
      );
      const state = await store.loadState(id);
      equal([state?.version, Object.keys(state?.customState ?? {}).length], [7, 8], "five at once");
    },
  },
  {
    title:
      "AS14 a suspended session lapses when its time is up: it has failed as expired, and nobody has answered",
    async run({ store }, id) {
      const waiting = (expiresAt: number) => ({
        ...idle,
        status: "suspended_client_tool" as const,
        pendingClientToolCalls: { c: { name: "approve" } },
        suspension: { suspendedStepId: "s", expiresAt },
      });
      for (const [name, at] of [
        ["a", 100],
        ["b", 200],
        ["c", 300],
      ] as const)
        await store.createSession(`${id}-${name}`, waiting(at));
      await store.createSession(`${id}-never`, { ...idle, suspension: { suspendedStepId: "s" } });
      equal(await store.expireSessions(200, { limit: 1 }), [`${id}-a`], "the first");
      equal(await store.expireSessions(200), [`${id}-b`], "the rest");
      equal(await store.expireSessions(200), [], "none twice");
      const state = await store.loadState(`${id}-a`);
      equal(
        [
          state?.status,
          state?.failureReason,
          state?.suspension,
          state?.pendingClientToolCalls,
          state?.completedClientToolCalls,
        ],
        ["failed", "expired", null, {}, {}],
        "how it ended",
      );
      equal((await store.loadState(`${id}-c`))?.status, "suspended_client_tool", "one that may wait");
      await store.deleteSession(`${id}-c`);
    },
  },
  {
    title:
      "AS15 writes to a session that is not there, and values that fit no row, are refused by name and change nothing",
    async run({ store }, id) {
      const absent: readonly (() => Promise<unknown>)[] = [
        () => store.updateStatus(id, "idle"),
        () => store.incrementStepCount(id),
        () => store.mergeCustomState(id, {}),
        () => store.appendMessages(id, [says("x")]),
        () => store.truncateMessages(id, 0),
        () => store.stageMessages(id, "s", []),
        () => store.createRun(id, { runId: id }),
        () => store.setInterruptFlag(id, "x"),
        () =>
          store.addSubSessionRef(id, {
            subSessionId: "k",
            agentType: "a",
            parentToolCallId: "c",
            status: "active",
            remote: null,
            mode: "ephemeral",
            name: null,
          }),
      ];
      for (const [index, write] of absent.entries()) await refused(write, "not_found", `write ${index}`);
      await store.createSession(id, idle);
      const bad = (body: () => Promise<unknown>, field: string, code = "bad_request") =>
        refused(body, code, field, field);
      const huge = "x".repeat(2_000_000);
      await bad(() => store.appendMessages(id, [says("x"), says(huge)]), "messages[1]", "limit_exceeded");
      await bad(
        () => store.saveState(id, { ...idle, customState: { huge } }),
        "state.customState",
        "limit_exceeded",
      );
      const half = "x".repeat(1_000_000);
      await bad(
        () => store.saveState(id, { ...idle, customState: { half }, output: half }),
        "state",
        "limit_exceeded",
      );
      await bad(() => store.mergeCustomState(id, { n: Number.NaN }), "changes.n");
      await store.createSession(`${id}-full`, { ...idle, customState: { half } });
      const more = { more: half };
      await bad(() => store.mergeCustomState(`${id}-full`, more), "state.customState", "limit_exceeded");
      await bad(() => store.appendMessages(id, [{ role: "" }]), "messages[0].role");
      await bad(() => store.updateStatus(id, "asleep" as never), "status");
      await bad(() => store.createSession("x".repeat(300), idle), "sessionId");
      await bad(() => store.getMessages(id, { limit: 0 }), "limit");
      const state = await store.loadState(id);
      equal([state?.version, state?.messageCount], [1, 0], "the state");
    },
  },
];
