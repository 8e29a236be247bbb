import { expect, test } from "vitest";
import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { createD1QuotaStore } from "../../record/index.ts";
import { migrateRecord } from "../../record/migrations.ts";
import { openSqliteD1 } from "../../record/sqlite-d1.ts";
import { type Applicant, QuotaGate } from "./quota-gate.ts";
import type { QuotaPolicy } from "./quota-policy.ts";

const policy: QuotaPolicy = {
  tiers: { free: { promptsPerDay: null, promptsPerMinute: null, voiceEnabled: false } },
  charge: () => 1,
  tierOf: () => "free",
};
const setting = {
  policy,
  clock: { now: () => Date.UTC(2030, 0, 1), wait: () => Promise.resolve() },
  sessionId: "s",
  maxWaiting: 10,
  draftType: () => null,
  report: (_message: string, thrown: unknown) => expect.fail(String(thrown)),
};
const ada = { id: "ada", name: "Ada" };

function prompt(id: string): Command {
  return { op: "append", id, type: "prompt", payload: null };
}

test("HT27 without a database to count in, what costs is refused, and waiting does not help", async () => {
  const { promise: refused, resolve } = Promise.withResolvers<SessileError | null>();
  const decided = (_applicant: Applicant, refusal: SessileError | null) => {
    resolve(refusal);
    return refusal;
  };
  const gate = new QuotaGate({ ...setting, store: null, decided });
  gate.holds({}, { command: prompt("a.0.0"), actor: ada });
  expect(await refused).toMatchObject({ code: "not_configured", retryable: false });
});

test("QU10 LM6 WS13 what a session does not take now holds back everything its sender has waiting", async () => {
  const database = openSqliteD1();
  await migrateRecord(database);
  const told: [id: string | undefined, code: string | undefined][] = [];
  let isFrozen = true;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const gate = new QuotaGate({
    ...setting,
    store: createD1QuotaStore(database),
    decided: ({ command }: Applicant, refusal) => {
      // The record answers again right after the first command was refused.
      const error = refusal ?? (isFrozen ? new SessileError("unavailable", "Not now.") : null);
      isFrozen = false;
      told.push([command.id, error?.code]);
      if (told.length === 4) resolve();
      return error;
    },
  });
  const send = (line: object, id: string) => {
    expect(gate.holds(line, { command: prompt(id), actor: ada })).toBe(true);
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
