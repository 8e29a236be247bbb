import { expect, test } from "vitest";
import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { createD1QuotaStore } from "../../record/index.ts";
import { migrateRecord } from "../../record/migrations.ts";
import { openSqliteD1 } from "../../record/sqlite-d1.ts";
import { type Applicant, QuotaGate } from "./quota-gate.ts";

test("QU10 LM6 WS13 what a session does not take now holds back everything its sender has waiting", async () => {
  const database = openSqliteD1();
  await migrateRecord(database);
  const told: [id: string | undefined, code: string | undefined][] = [];
  let isFrozen = true;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const gate = new QuotaGate({
    policy: {
      tiers: { free: { promptsPerDay: null, promptsPerMinute: null, voiceEnabled: false } },
      charge: () => 1,
      tierOf: () => "free",
    },
    store: createD1QuotaStore(database),
    clock: { now: () => Date.UTC(2030, 0, 1), wait: () => Promise.resolve() },
    sessionId: "s",
    maxWaiting: 10,
    draftType: () => null,
    decided: ({ command }: Applicant, refusal) => {
      // The record answers again right after the first command was refused.
      const error = refusal ?? (isFrozen ? new SessileError("unavailable", "Not now.") : null);
      isFrozen = false;
      told.push([command.id, error?.code]);
      if (told.length === 4) resolve();
      return error;
    },
    report: (_message, thrown) => expect.fail(String(thrown)),
  });
  const send = (line: object, id: string) => {
    const command: Command = { op: "append", id, type: "prompt", payload: null };
    expect(gate.holds(line, { command, actor: { id: "ada", name: "Ada" } })).toBe(true);
  };
  const [first, second] = [{}, {}];
  for (const id of ["a.0.0", "a.0.1", "a.0.2"]) send(first, id);
  send(second, "b.0.0");
  await all;
  expect(told.filter(([id]) => id?.startsWith("a"))).toEqual([
    ["a.0.0", "unavailable"],
    ["a.0.1", "unavailable"],
    ["a.0.2", "unavailable"],
  ]);
  expect(told).toContainEqual(["b.0.0", undefined]);
});
