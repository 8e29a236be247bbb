import { expect, test } from "vitest";
import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import { createD1Record } from "../../record/d1-record.ts";
import type { SessionRecord } from "../../record/record.ts";
import { openSqliteD1 } from "../../record/sqlite-d1.ts";
import { AlarmFixture } from "../../testing/alarm-fixture.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import type { SessionHooks } from "../session-hooks.ts";
import { Ledger } from "./ledger.ts";

const sessionId = "test/one";

/** A database behind a record whose ranges can be refused. */
function recordOf() {
  const d1 = openSqliteD1();
  const real = createD1Record(d1);
  const state = { isDown: false, appends: 0, failsAt: 0 };
  const refuse = () => {
    throw new SessileError("unavailable", "D1 is away.");
  };
  const record: SessionRecord = {
    ...real,
    upsertSession: (row) => (state.isDown ? refuse() : real.upsertSession(row)),
    appendEvents: (batch) => {
      state.appends += 1;
      return state.isDown || state.appends === state.failsAt ? refuse() : real.appendEvents(batch);
    },
  };
  return { database: d1.database, record, state };
}

async function sessionOf(
  record: SessionRecord | null,
  fixture = new KernelFixture({ durability: "ledger" }),
) {
  const { kernel } = fixture;
  const runs: Promise<unknown>[] = [];
  const disconnected: [WebSocket, SessileError][] = [];
  const settled = async () => {
    while (runs.length > 0) await Promise.all(runs.splice(0));
  };
  const alarm: AlarmFixture = new AlarmFixture(fixture, (now) => {
    ledger.rang(now);
    return settled();
  });
  const ledger = new Ledger({
    kernel,
    limits: defaultLimits,
    clock: { now: () => fixture.now, wait: () => new Promise(() => {}) },
    hooks: { record, feed: null, description: {}, onCommit: () => {} } as unknown as SessionHooks,
    broadcast: () => {},
    readLog: (after, maxChars) => kernel.log.readAfter(after, maxChars),
    sockets: () => [],
    disconnect: (sockets, error) => {
      for (const socket of sockets) disconnected.push([socket, error]);
    },
    waitUntil: (run) => runs.push(run),
    abort: (thrown) => {
      throw thrown;
    },
    rearm: () => alarm.rearm(),
  });
  ledger.start();
  await settled();
  const commit = async (command: Command, acks: ReadonlyMap<WebSocket, string> = new Map()) => {
    ledger.publish(fixture.send([command]), acks);
    await settled();
  };
  return { fixture, ledger, alarm, disconnected, commit, settled };
}

const note = (payload: string | null = null): Command => ({ op: "append", type: "message", payload });

test.each([1, 2])(
  "LM15 a refill of which range %i fails goes on until the record holds everything again",
  async (range) => {
    const { database, record, state } = recordOf();
    const { fixture, commit, ledger } = await sessionOf(record);
    for (let n = 0; n < 4; n++) await commit(note("x".repeat(200_000)));
    const { lastSeq } = ledger.view;
    expect(await record.recordedSeq("test", "one")).toBe(lastSeq);
    database.prepare("DELETE FROM session_events WHERE sessionId = ? AND seq > 2").run(sessionId);
    database
      .prepare(
        "UPDATE sessile_sessions SET recordedSeq = 2, lastSeq = 2, headSeq = NULL, headHash = NULL WHERE sessionId = ?",
      )
      .run(sessionId);
    fixture.wake();
    state.appends = 0;
    state.failsAt = range;
    const { alarm } = await sessionOf(record, fixture);
    expect(await record.recordedSeq("test", "one")).toBeLessThan(lastSeq);
    await alarm.pass(60_000);
    expect(await record.recordedSeq("test", "one")).toBe(lastSeq);
  },
);

test("HT27 without a record a session takes no commands, and says that waiting does not help", async () => {
  const { ledger } = await sessionOf(null);
  expect(ledger.refusal).toMatchObject({ code: "not_configured", retryable: false });
});

test("LM7 a clock that is set back during an outage keeps no session frozen that somebody comes to", async () => {
  const { record, state } = recordOf();
  const { fixture, ledger, alarm, commit, settled } = await sessionOf(record);
  state.isDown = true;
  await commit(note());
  for (let failures = 0; failures < 5; failures++) await alarm.ring();
  expect(ledger.refusal).toMatchObject({ code: "unavailable" });
  fixture.now -= 3_600_000;
  state.isDown = false;
  expect(ledger.refusal?.details.retryAfterMs).toBeLessThan(15_000);
  await settled();
  expect([ledger.refusal, ledger.sync().staged]).toEqual([null, 0]);
});

test("LM8 whoever's command waited in the mailbox while a session froze is told so", async () => {
  const { record } = recordOf();
  const first = await sessionOf(record);
  for (let n = 0; n < 5; n++) await first.commit(note());
  const { ledger, commit, disconnected } = await sessionOf(record);
  expect(ledger.writeRefusal).toMatchObject({ code: "conflict" });
  const socket = {} as WebSocket;
  await commit(note(), new Map([[socket, '[{"id":"a"}]']]));
  expect(disconnected).toEqual([[socket, ledger.writeRefusal]]);
});
