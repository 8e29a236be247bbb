import { type AgentMessage, initialSessionState, type SessionState } from "../protocol/session-state.ts";
import type { AtomicSave, SessionStateStore } from "../protocol/state-store.ts";
import { equal, refused } from "./contract-checks.ts";
import { recordCases } from "./state-store-records-contract.ts";

export interface StateStoreHarness {
  readonly store: SessionStateStore;
  /** Statement (or whatever the store writes step by step) number `n` from now on fails; 0: none. */
  failAt(n: number): void;
  /** How many there were since. */
  readonly count: number;
}

/** One promise of `SessionStateStore`, as a function that throws when it is broken. */
export interface StateStoreCase {
  readonly title: string;
  /** @param id a session that is not there, nor any whose id begins with it */
  run(harness: StateStoreHarness, id: string): Promise<void>;
}

const example: SessionState = initialSessionState("writer", "stream-1", {
  parentSessionId: "parent",
  rootSessionId: "root",
  status: "suspended_client_tool",
  stepCount: 3,
  output: { text: "ä€😀" },
  error: "none yet",
  failureReason: "because",
  customState: { plan: ["a", { b: null }], n: 1.5 },
  userId: "ada",
  tags: ["urgent"],
  metadata: { from: "mail" },
  pendingClientToolCalls: { "call-1": { name: "approve", arguments: { sum: 5 } } },
  completedClientToolCalls: { "call-0": { at: 1 } },
  clientToolCallOwnership: { "call-1": "root" },
  suspension: { suspendedStepId: "step-3", suspendedAwaitingChildren: ["child"], expiresAt: 5000 },
});

const says = (text: string, role = "assistant"): AgentMessage => ({ role, content: text });

/** All that a store shows of a session. */
async function everythingOf(store: SessionStateStore, id: string): Promise<unknown> {
  return {
    state: await store.loadState(id),
    messages: await store.getMessages(id, { limit: 1000 }),
    staging: await store.getStaging(id, "step-4"),
    latest: await store.getLatestCheckpoint(id),
    checkpoints: await store.listCheckpoints(id),
    runs: await store.listRuns(id),
    children: await store.getSubSessionRefs(id),
    interrupt: await store.checkInterruptFlag(id),
  };
}

const stateCases: readonly StateStoreCase[] = [
  {
    title: "AS1 a session is created once, loaded as it went in, and deleted with everything of it",
    async run({ store }, id) {
      equal([await store.loadState(id), await store.sessionExists(id)], [null, false], "before");
      equal(await store.createSession(id, example), true, "creating it");
      equal(await store.createSession(id, initialSessionState("other", "s")), false, "creating it again");
      const { createdAt, updatedAt, ...stored } = (await store.loadState(id)) ?? {
        createdAt: -1,
        updatedAt: -1,
      };
      equal(
        stored,
        { ...example, sessionId: id, version: 1, messageCount: 0, checkpointId: null },
        "the state",
      );
      equal([createdAt >= 0, updatedAt >= createdAt], [true, true], "the times");
      await fill(store, id);
      await store.createSession(`${id}-other`, example);
      equal(await store.deleteSession(id), true, "deleting it");
      equal(await everythingOf(store, id), await everythingOf(store, `${id}-never`), "what is left");
      equal(await store.deleteState(id), false, "deleting it again");
      equal(await store.sessionExists(`${id}-other`), true, "another one");
    },
  },
  {
    title: "AS2 the version rises by one with each change; a save of another version changes nothing",
    async run({ store }, id) {
      equal(
        (await store.saveState(id, example, { expectedVersion: 4 })).ok,
        false,
        "saving what is not there",
      );
      equal(await store.sessionExists(id), false, "nor is it then");
      equal(
        await store.saveState(id, example),
        { ok: true, newVersion: 1, messageCount: 0 },
        "the first save",
      );
      const next = { ...example, stepCount: 4 };
      equal(
        await store.saveState(id, next, { expectedVersion: 1 }),
        { ok: true, newVersion: 2, messageCount: 0 },
        "a save",
      );
      const lost = { ok: false, currentStatus: example.status, currentVersion: 2, promotedTo: null };
      for (const expectedVersion of [0, 1, 3])
        equal(await store.saveState(id, example, { expectedVersion }), lost, `version ${expectedVersion}`);
      equal([(await store.loadState(id))?.stepCount, await store.incrementStepCount(id)], [4, 5], "steps");
      equal(
        [await store.incrementResumeCount(id), await store.updateStatus(id, "active")],
        [1, 5],
        "and more",
      );
    },
  },
  {
    title: "AS3 a status is compared and set: one of many at once wins, the others learn what is there",
    async run({ store }, id) {
      equal(
        await store.compareAndSetStatus(id, ["idle"], "active"),
        { ok: false, currentStatus: null, currentVersion: 0 },
        "of no session",
      );
      await store.createSession(id, initialSessionState("writer", "s"));
      const taken = await Promise.all(
        Array.from({ length: 5 }, () => store.compareAndSetStatus(id, ["idle", "completed"], "active")),
      );
      equal(
        taken.filter(({ ok }) => ok),
        [{ ok: true, newVersion: 2 }],
        "who won",
      );
      equal(
        taken.find(({ ok }) => !ok),
        { ok: false, currentStatus: "active", currentVersion: 2 },
        "who lost",
      );
      const paused = { error: "user paused", expectedVersion: 2 };
      equal(
        await store.compareAndSetStatus(id, ["active"], "paused", paused),
        { ok: true, newVersion: 3 },
        "by version",
      );
      equal((await store.compareAndSetStatus(id, ["paused"], "idle", paused)).ok, false, "an old version");
      await store.compareAndSetStatus(id, ["paused"], "failed");
      equal((await store.loadState(id))?.error, "user paused", "an error that nobody replaced");
      await store.compareAndSetStatus(id, ["failed"], "idle", { error: null });
      equal((await store.loadState(id))?.error, null, "one that was taken away");
    },
  },
  {
    title: "AS7 an atomic save that fails at any statement leaves the old state whole, and can be repeated",
    async run(harness, id) {
      const { store } = harness;
      await store.createSession(id, example);
      await fill(store, id);
      const version = (await store.loadState(id))?.version ?? 0;
      const before = await everythingOf(store, id);
      const save = stepSave(id, version);
      for (let n = 1; ; n++) {
        harness.failAt(n);
        const failed = await store.saveStateAndPromoteStaging(id, save).then(
          () => false,
          () => true,
        );
        const { count } = harness;
        harness.failAt(0);
        if (!failed) {
          equal([count < n, n > 5], [true, true], "every statement failed once");
          break;
        }
        equal(await everythingOf(store, id), before, `everything after statement ${n} failed`);
      }
      await showsStep(store, id, version + 1);
    },
  },
  {
    title: "AS7 whoever reads during an atomic save sees all of it or none",
    async run({ store }, id) {
      await store.createSession(id, example);
      await fill(store, id);
      const before = await store.loadState(id);
      const [, ...seen] = await Promise.all([
        store.saveStateAndPromoteStaging(id, stepSave(id, before?.version ?? 0)),
        ...Array.from({ length: 6 }, () => store.loadState(id)),
      ]);
      const shape = (state: typeof before) => [
        state?.version,
        state?.messageCount,
        state?.checkpointId,
        state?.suspension?.suspendedStepId,
        Object.keys(state?.pendingClientToolCalls ?? {}),
        Object.values(state?.clientToolCallOwnership ?? {}),
      ];
      const whole = [before, await store.loadState(id)].map((state) => JSON.stringify(shape(state)));
      for (const state of seen) equal(whole.includes(JSON.stringify(shape(state))), true, "what was seen");
    },
  },
  {
    title: "AS8 a save from another version, or of a staging that was promoted, changes nothing and says why",
    async run({ store }, id) {
      await store.createSession(id, example);
      await fill(store, id);
      const version = (await store.loadState(id))?.version ?? 0;
      equal(
        (await store.saveStateAndPromoteStaging(id, stepSave(id, version - 1))).ok,
        false,
        "an old version",
      );
      await store.saveStateAndPromoteStaging(id, stepSave(id, version));
      const after = await everythingOf(store, id);
      const refusal = { ok: false, currentStatus: "suspended_client_tool", currentVersion: version + 1 };
      equal(
        await store.saveStateAndPromoteStaging(id, stepSave(id, version)),
        { ...refusal, promotedTo: "cp-4" },
        "the same save again",
      );
      const again = { ...stepSave(id, version + 1), checkpoint: { checkpointId: "cp-5", streamSequence: 1 } };
      equal(
        await store.saveStateAndPromoteStaging(id, again),
        { ...refusal, promotedTo: "cp-4" },
        "another of that staging",
      );
      const { stagingId: _, truncateTo: __, ...reused } = stepSave(id, version + 1);
      await refused(
        () => store.saveStateAndPromoteStaging(id, reused),
        "conflict",
        "a checkpoint's id again",
      );
      equal(await everythingOf(store, id), after, "all of it");
      equal(
        await store.saveStateAndPromoteStaging(`${id}-none`, stepSave(id, 1)),
        { ok: false, currentStatus: null, currentVersion: 0, promotedTo: null },
        "of no session",
      );
    },
  },
];

/** A session in the middle of step 4, one result of which is there. */
async function fill(store: SessionStateStore, id: string): Promise<void> {
  await store.appendMessages(id, [says("Begin.", "user"), says("One."), says("Two.")]);
  await store.createRun(id, { runId: `${id}-run`, startSequence: 7 });
  const { version = 0 } = (await store.loadState(id)) ?? {};
  await store.saveStateAndPromoteStaging(id, {
    state: example,
    expectedVersion: version,
    checkpoint: { checkpointId: "cp-3", streamSequence: 20 },
  });
  await store.appendMessages(id, [says("Lost in a crash.")]);
  await store.stageMessages(id, "step-4", [
    { key: "assistant", message: says("I look it up.") },
    { key: "call-2", message: says("Found.", "tool") },
  ]);
  await store.addSubSessionRef(id, {
    subSessionId: "child",
    agentType: "helper",
    parentToolCallId: "call-2",
    status: "active",
    remote: null,
    mode: "ephemeral",
    name: null,
  });
  await store.setInterruptFlag(id, "user_requested");
}

/** Everything that a step can change, with more messages than one statement takes. */
function stepSave(id: string, expectedVersion: number): AtomicSave {
  return {
    state: {
      ...example,
      stepCount: 4,
      pendingClientToolCalls: { "call-9": { name: "deploy" } },
      clientToolCallOwnership: { "call-9": "child" },
      suspension: { suspendedStepId: "step-4" },
    },
    expectedVersion,
    truncateTo: 3,
    stagingId: "step-4",
    messages: Array.from({ length: 100 }, (_, n) => says(`More ${n}.`)),
    checkpoint: { checkpointId: "cp-4", streamSequence: 31 },
    run: { runId: `${id}-run`, stepCount: 4 },
  };
}

async function showsStep(store: SessionStateStore, id: string, version: number): Promise<void> {
  const state = await store.loadState(id);
  equal([state?.version, state?.messageCount, state?.checkpointId], [version, 105, "cp-4"], "the state");
  equal(Object.keys(state?.pendingClientToolCalls ?? {}), ["call-9"], "what is pending");
  equal(
    [state?.clientToolCallOwnership, state?.suspension],
    [{ "call-9": "child" }, { suspendedStepId: "step-4" }],
    "whose it is",
  );
  const { messages, hasMore } = await store.getMessages(id, { offset: 2, limit: 4 });
  equal(
    [messages.map(({ content }) => content), hasMore],
    [["Two.", "I look it up.", "Found.", "More 0."], true],
    "the conversation",
  );
  const checkpoint = await store.getLatestCheckpoint(id);
  equal(
    [checkpoint?.checkpointId, checkpoint?.messageCount, checkpoint?.stepCount, checkpoint?.streamSequence],
    ["cp-4", 105, 4, 31],
    "the checkpoint",
  );
  equal(checkpoint?.state.suspension, { suspendedStepId: "step-4" }, "its state");
  equal(await store.getStaging(id, "step-4"), { messages: [], promotedTo: "cp-4" }, "the staging");
  equal((await store.getCurrentRun(id))?.stepCount, 4, "the run");
}

/** Every store passes these, each with a session of its own. */
export const stateStoreContract: readonly StateStoreCase[] = [...stateCases, ...recordCases];
