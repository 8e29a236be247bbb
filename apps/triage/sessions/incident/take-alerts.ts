import type { IncidentEvents } from "../../src/contract/incident.ts";
import { type Alert, fold, restoreAlert, telemetryKeysOf } from "../../src/domain/index.ts";
import { alertsAfter, type StoredAlert, telemetryAfter } from "../../src/worker/database/alert-queries.ts";
import type { EvidenceFacts, EvidenceTable } from "./evidence-table.ts";

/** What taking alerts needs of the session. */
export interface AlertTaker {
  readonly name: string;
  readonly db: D1Database;
  readonly evidence: EvidenceTable;
  commit(body: () => void): void;
  attached(payload: IncidentEvents["alerts.attached"]): void;
  /** The alerts taken so far are in the table; `done` once there are no more for now. */
  progressed(done: boolean): void;
}

/** One event of the log names at most as many. */
const pageAlerts = 500;
/** Pages between two looks at the progress: the state is written as a whole each time. */
const pagesPerProgress = 10;
/** What was recorded around an incident is help, not the incident: beyond this it is left in D1. */
const maxTelemetry = 20_000;

/**
 * Takes from D1 what came since the last time, page by page. Each page is one commit of records, hashes in the log, and
 * cursor, so that after a crash it goes on behind the last page; a record that is there already is passed over by its hash.
 */
export async function takeAlerts(taker: AlertTaker): Promise<void> {
  for (let pages = 1; ; pages++) {
    const { alertCursor } = taker.evidence.facts;
    const page = await alertsAfter(taker.db, taker.name, alertCursor, pageAlerts);
    if (page.length === 0) break;
    taker.commit(() => {
      addAlerts(taker, page);
      if (pages % pagesPerProgress === 0) taker.progressed(false);
    });
    await letOthersIn();
  }
  await takeTelemetry(taker);
  taker.commit(() => taker.progressed(true));
}

/** Whether D1 has anything that is not taken yet, alerts or telemetry around them. */
export async function hasNewAlerts({ db, name, evidence }: AlertTaker): Promise<boolean> {
  const { facts } = evidence;
  if ((await alertsAfter(db, name, facts.alertCursor, 1)).length > 0) return true;
  if (!facts.summary || telemetryRoom(evidence) <= 0) return false;
  const keys = telemetryKeysOf(facts.summary);
  return (await telemetryAfter(db, keys, telemetryCursor(facts, JSON.stringify(keys)), 1)).length > 0;
}

function telemetryRoom(evidence: EvidenceTable): number {
  return maxTelemetry - evidence.count("telemetry");
}

/** More actors or a longer time: look again from the start, and pass over what is there. */
function telemetryCursor(facts: EvidenceFacts, telemetryKeys: string): number {
  return facts.telemetryKeys === telemetryKeys ? facts.telemetryCursor : 0;
}

async function takeTelemetry(taker: AlertTaker): Promise<void> {
  const { summary } = taker.evidence.facts;
  if (!summary) return;
  const keys = telemetryKeysOf(summary);
  const telemetryKeys = JSON.stringify(keys);
  let room = telemetryRoom(taker.evidence);
  while (room > 0) {
    const cursor = telemetryCursor(taker.evidence.facts, telemetryKeys);
    const page = await telemetryAfter(taker.db, keys, cursor, Math.min(pageAlerts, room));
    const last = page.at(-1);
    if (!last) return;
    taker.commit(() => {
      room -= attach(taker, restore(page), "telemetry").length;
      taker.evidence.facts = { ...taker.evidence.facts, telemetryKeys, telemetryCursor: last.id };
    });
    await letOthersIn();
  }
}

/**
 * In one workerd process with D1 beside it, a page is read without waiting for any socket, and a loop over pages would keep
 * every other request of the server waiting until its end (measured: 3 s for 37,000 alerts). A timer ends the turn.
 */
function letOthersIn(): Promise<void> {
  return scheduler.wait(1);
}

function addAlerts(taker: AlertTaker, page: readonly StoredAlert[]): void {
  const added = attach(taker, restore(page), "alert");
  const { facts } = taker.evidence;
  const summary = fold(facts.summary ?? undefined, added) ?? null;
  taker.evidence.facts = { ...facts, summary, alertCursor: page.at(-1)?.id ?? facts.alertCursor };
}

function attach(taker: AlertTaker, alerts: readonly Alert[], kind: Alert["kind"]): readonly Alert[] {
  const added = taker.evidence.add(alerts);
  if (added.length > 0) {
    const hashes = added.map(({ hash }) => hash);
    taker.attached({ count: added.length, hashes, ...(kind === "telemetry" ? { kind } : {}) });
  }
  return added;
}

function restore(page: readonly StoredAlert[]): readonly Alert[] {
  return page.flatMap(({ raw, hash }) => restoreAlert(raw, hash) ?? []);
}
