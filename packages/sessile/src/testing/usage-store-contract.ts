import type { UsageReport } from "../protocol/usage.ts";
import type { UsageStore } from "../protocol/usage-store.ts";
import { equal, refused } from "./contract-checks.ts";

/** One promise of `UsageStore`, as a function that throws when it is broken. */
export interface UsageStoreCase {
  readonly title: string;
  /** @param id a session that has used nothing */
  run(store: UsageStore, id: string): Promise<void>;
}

const tokens = (entryId: string, inputTokens: number, more: Partial<UsageReport> = {}): UsageReport => ({
  entryId,
  kind: "tokens",
  source: "agent",
  model: "m",
  inputTokens,
  outputTokens: 1,
  ...more,
});

/** Every store passes these, each with a session of its own. */
export const usageStoreContract: readonly UsageStoreCase[] = [
  {
    title: "US5 an entry counts once, and the rollup adds up tokens, tools and sub-agents",
    async run(store, sessionId) {
      equal((await store.getRollup(sessionId)).entries, 0, "nothing used");
      equal(await store.recordEntry({ sessionId, ...tokens("a", 10, { costMicros: 5 }) }), true, "the first");
      equal(await store.recordEntry({ sessionId, ...tokens("a", 99) }), false, "the same again");
      await store.recordEntry({ sessionId, ...tokens("b", 20, { model: "n", source: "summary" }) });
      const tool = { kind: "tool" as const, source: "agent", name: "look_up", costMicros: 0 };
      await store.recordEntry({ sessionId, entryId: "c", ...tool, durationMs: 40 });
      await store.recordEntry({ sessionId, entryId: "d", ...tool, durationMs: 2 });
      await store.recordEntry({
        sessionId,
        entryId: "e",
        kind: "subagent",
        source: "agent",
        name: "helper",
        totalTokens: 7,
        durationMs: 5,
      });
      const rollup = await store.getRollup(sessionId);
      equal(
        [rollup.entries, rollup.tokens, rollup.costMicros, rollup.unpriced],
        [5, { input: 30, output: 2, total: 39 }, 5, 2],
        "the sums",
      );
      equal(
        [rollup.toolStats, rollup.subagentStats],
        [{ look_up: { calls: 2, durationMs: 42 } }, { helper: { calls: 1, durationMs: 5, tokens: 7 } }],
        "tools and sub-agents",
      );
      equal([rollup.byModel.n?.tokens.total, rollup.bySource.agent?.entries], [21, 4], "by model and source");
    },
  },
  {
    title: "US5 entries are listed newest first, by kinds, in pages",
    async run(store, sessionId) {
      for (const [index, kind] of (["tokens", "tool", "custom", "tool"] as const).entries())
        await store.recordEntry({ sessionId, entryId: `e${index}`, kind, source: "s", ref: "run-1" });
      const all = await store.getEntries(sessionId);
      equal(
        [all.entries.map(({ entryId }) => entryId), all.hasMore],
        [["e3", "e2", "e1", "e0"], false],
        "all",
      );
      equal(
        { ...all.entries[0], seq: 0, at: 0 },
        {
          entryId: "e3",
          kind: "tool",
          source: "s",
          model: null,
          name: null,
          inputTokens: 0,
          outputTokens: 0,
          totalTokens: 0,
          costMicros: null,
          durationMs: 0,
          ref: "run-1",
          seq: 0,
          at: 0,
        },
        "one",
      );
      const page = await store.getEntries(sessionId, { kinds: ["tool", "tokens"], limit: 2 });
      equal([page.entries.map(({ entryId }) => entryId), page.hasMore], [["e3", "e1"], true], "a page");
      const rest = await store.getEntries(sessionId, {
        kinds: ["tool", "tokens"],
        before: page.entries[1]?.seq ?? 0,
      });
      equal([rest.entries.map(({ entryId }) => entryId), rest.hasMore], [["e0"], false], "the rest");
    },
  },
  {
    title: "US5 what is no count is refused by the field's name, and changes nothing",
    async run(store, sessionId) {
      const bad = (entry: object, field: string) =>
        refused(
          () => store.recordEntry({ sessionId, ...tokens("x", 1), ...entry }),
          "bad_request",
          field,
          field,
        );
      await bad({ kind: "gold" }, "kind");
      await bad({ inputTokens: -1 }, "inputTokens");
      await bad({ entryId: "" }, "entryId");
      equal((await store.getRollup(sessionId)).entries, 0, "the entries");
    },
  },
];
