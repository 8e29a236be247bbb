import {
  defaultLimits,
  type Json,
  type RecordedEvent,
  SessileError,
  storableText,
} from "../protocol/index.ts";
import type { D1Queries } from "./d1.ts";
import { assertEpoch, type Watermark } from "./d1-directory.ts";
import { needsParts, payloadText, readPayload, stagePayload } from "./d1-payload.ts";
import { type EventBatch, type EventPage, type ReadEventsOptions, sessionIdOf } from "./record.ts";
import { isConstraintError, queried, unavailable } from "./record-error.ts";
import { utf8Bytes } from "./text.ts";

/** Bytes of one JSON parameter. D1 refuses 2 MB; half of it leaves room for what it adds. */
const maxParamBytes = 1_000_000;
/** Events of one statement, so that a long run of tiny events stays one short transaction of D1's only thread. */
const maxSliceEvents = 1000;
/** Counted for every event of a page beside its payload, so that a page of empty payloads ends too. */
const rowOverheadBytes = 256;

interface EventColumns {
  readonly eventId: string;
  readonly seq: number;
  readonly type: string;
  readonly createdAt: string;
  readonly actorUserId: string | null;
  readonly actorName: string | null;
  readonly clientEventId: string | null;
  /** Null: the payload lies in the continuation table. */
  readonly payloadJson: string | null;
  /** Empty: the result lies in the continuation table. */
  readonly resultJson: string | null;
}

/** One statement's worth of a batch. */
interface Slice {
  readonly fromSeq: number;
  readonly events: readonly RecordedEvent[];
  /** The parameter: an array of arrays in the order of `EventColumns`. */
  readonly json: string;
}

/**
 * The condition makes a repeat insert nothing, so a lost answer needs no `OR IGNORE`, which would also swallow a real
 * conflict. The unique indexes stand behind it.
 */
const isNext = `EXISTS (SELECT 1 FROM sessile_sessions
  WHERE sessionId = ?1 AND recordedSeq = ?2 AND (?3 IS NULL OR epoch IS NULL OR epoch <= ?3))`;
const watermarkSql = "SELECT recordedSeq, epoch FROM sessile_sessions WHERE sessionId = ?1";
const insertSql = `INSERT INTO session_events
  (eventId, sessionId, seq, type, createdAt, actorUserId, actorName, clientEventId, payloadJson, resultJson)
  SELECT value ->> 0, ?1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
  FROM json_each(?4) WHERE ${isNext}`;
const advanceSql = `UPDATE sessile_sessions SET recordedSeq = ?4, epoch = COALESCE(?3, epoch),
  headSeq = CASE WHEN ?5 IS NULL THEN headSeq ELSE ?4 END, headHash = COALESCE(?5, headHash) WHERE sessionId = ?1 AND ${isNext} RETURNING recordedSeq`;

/** Appends slice by slice; each pass either moves forward or throws. */
export async function appendEvents(db: D1Queries, batch: EventBatch): Promise<number> {
  assertContiguous(batch);
  const sessionId = sessionIdOf(batch.kind, batch.name);
  let recordedSeq = 0;
  let done = 0;
  do {
    const slice = await cutSlice(db, sessionId, batch, done);
    const isLast = done + slice.events.length === batch.events.length;
    const before = await insertSlice(db, sessionId, slice, batch.epoch, isLast ? batch.headHash : undefined);
    const compared = await settleSlice(db, sessionId, slice, before);
    done += compared;
    recordedSeq = Math.max(before.recordedSeq, slice.fromSeq + compared - 1);
  } while (done < batch.events.length);
  return recordedSeq;
}

/** @throws SessileError `bad_request` */
function assertContiguous(batch: EventBatch): void {
  const wrong = batch.events.findIndex((event, index) => event.seq !== batch.fromSeq + index);
  if (batch.fromSeq >= 1 && wrong === -1) return;
  const field = wrong === -1 ? "fromSeq" : `events[${wrong}].seq`;
  throw new SessileError(
    "bad_request",
    `${field} is out of order: a batch is a range without gaps from fromSeq ≥ 1.`,
    {
      field,
    },
  );
}

async function cutSlice(db: D1Queries, sessionId: string, batch: EventBatch, from: number): Promise<Slice> {
  const rows: string[] = [];
  let bytes = 2;
  for (const event of batch.events.slice(from, from + maxSliceEvents)) {
    const stored = storedTexts(event);
    const row = JSON.stringify(Object.values(stored.columns));
    bytes += utf8Bytes(row) + 1;
    if (rows.length > 0 && bytes > maxParamBytes) break;
    for (const { key, text } of stored.long) await stagePayload(db, sessionId, key, event.seq, text);
    rows.push(row);
  }
  return {
    fromSeq: batch.fromSeq + from,
    events: batch.events.slice(from, from + rows.length),
    json: `[${rows.join(",")}]`,
  };
}

/** An event's columns, and the texts that are too long to lie in them. Together with its payload a result fits the row or lies elsewhere. */
function storedTexts(event: RecordedEvent): {
  readonly columns: EventColumns;
  readonly long: readonly { readonly key: string; readonly text: string }[];
} {
  const payload = payloadText(event);
  const result = resultText(event);
  const isLong = needsParts(payload);
  const isLongResult = result !== null && needsParts(isLong ? result : payload + result);
  return {
    columns: columnsOf(event, isLong ? null : payload, isLongResult ? "" : result),
    long: [
      ...(isLong ? [{ key: event.eventId, text: payload }] : []),
      ...(isLongResult ? [{ key: resultKey(event.eventId), text: result }] : []),
    ],
  };
}

function resultText(event: RecordedEvent): string | null {
  return event.result === undefined ? null : JSON.stringify(event.result);
}

function resultKey(eventId: string): string {
  return `${eventId}:result`;
}

/** What is stored of an event. Also what a stored event is compared by. */
function columnsOf(
  event: RecordedEvent,
  payloadJson: string | null,
  resultJson: string | null,
): EventColumns {
  return {
    eventId: event.eventId,
    seq: event.seq,
    type: event.type,
    createdAt: event.createdAt,
    actorUserId: event.actor === null ? null : storableText(event.actor.id),
    actorName: event.actor?.name === undefined ? null : storableText(event.actor.name),
    clientEventId: event.clientEventId === null ? null : storableText(event.clientEventId),
    payloadJson,
    resultJson,
  };
}

/**
 * Inserts the slice if it comes next, in one round trip, and answers the watermark from before it.
 * If the query fails it may have been carried out all the same; then the watermark of now is answered, and the slice is compared.
 */
async function insertSlice(
  db: D1Queries,
  sessionId: string,
  slice: Slice,
  epoch: number | undefined,
  headHash: string | undefined,
): Promise<Watermark> {
  const expected = slice.fromSeq - 1;
  const select = db.prepare(watermarkSql).bind(sessionId);
  const statements = [
    db.prepare(insertSql).bind(sessionId, expected, epoch ?? null, slice.json),
    db
      .prepare(advanceSql)
      .bind(sessionId, expected, epoch ?? null, expected + slice.events.length, headHash ?? null),
  ];
  let watermark: Watermark | undefined;
  try {
    const [, advanced] = await db.batch(statements);
    if (advanced?.results.length === 1) return { recordedSeq: expected, epoch: epoch ?? null };
    watermark = (await queried(() => select.all<Watermark>())).results[0];
  } catch (thrown) {
    watermark = (await queried(() => select.all<Watermark>())).results[0];
    if (watermark !== undefined && watermark.recordedSeq < slice.fromSeq)
      throw explain(thrown, sessionId, slice);
  }
  if (watermark === undefined) {
    throw new SessileError(
      "not_found",
      `The directory has no row for ${sessionId}. Upsert the session first.`,
    );
  }
  assertEpoch(watermark.epoch, epoch);
  if (watermark.recordedSeq < expected) {
    throw new SessileError(
      "precondition_failed",
      `The record of ${sessionId} ends at ${watermark.recordedSeq}. Continue there, not at ${slice.fromSeq}.`,
      { field: "fromSeq", currentVersion: watermark.recordedSeq },
    );
  }
  return watermark;
}

/** A violated constraint although the range is next: one of its ids belongs to another stored event. */
function explain(thrown: unknown, sessionId: string, slice: Slice): SessileError {
  if (!isConstraintError(thrown)) return unavailable(thrown);
  return new SessileError(
    "conflict",
    `An eventId or clientEventId of events ${slice.fromSeq}–${slice.fromSeq + slice.events.length - 1} of ${sessionId} is taken by another event.`,
    { currentVersion: slice.fromSeq - 1 },
    { cause: thrown },
  );
}

/** How many events of the slice are now known to be stored: all if it was inserted, else those compared. */
async function settleSlice(
  db: D1Queries,
  sessionId: string,
  slice: Slice,
  before: Watermark,
): Promise<number> {
  const overlap = Math.min(slice.events.length, before.recordedSeq - slice.fromSeq + 1);
  if (overlap <= 0) return slice.events.length;
  for (let compared = 0; compared < overlap; ) {
    const page = await readRows(
      db,
      sessionId,
      slice.fromSeq + compared - 1,
      overlap - compared,
      maxParamBytes,
    );
    if (page.rows.length === 0) throw differs(sessionId, slice.fromSeq + compared);
    for (const row of page.rows) {
      const event = slice.events[compared++] as RecordedEvent;
      if (!isSame(columnsOf(event, payloadText(event), resultText(event)), row))
        throw differs(sessionId, event.seq);
    }
  }
  return overlap;
}

function isSame(mine: EventColumns, stored: EventColumns): boolean {
  return (Object.keys(mine) as (keyof EventColumns)[]).every((column) => mine[column] === stored[column]);
}

function differs(sessionId: string, seq: number): SessileError {
  return new SessileError(
    "conflict",
    `The record holds another event ${seq} of ${sessionId}. Two logs share this address.`,
    {
      currentVersion: seq,
    },
  );
}

const pageSql = `WITH sized AS (
    SELECT eventId, seq, ${rowOverheadBytes} + COALESCE(octet_length(payloadJson),
      (SELECT SUM(octet_length(text)) FROM session_event_parts AS part WHERE part.eventId = event.eventId), 0)
      + CASE resultJson WHEN '' THEN (SELECT SUM(octet_length(text)) FROM session_event_parts AS part
        WHERE part.eventId = event.eventId || ':result') ELSE COALESCE(octet_length(resultJson), 0) END AS bytes
    FROM session_events AS event WHERE sessionId = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3 + 1
  ), page AS (
    SELECT eventId, bytes, SUM(bytes) OVER (ORDER BY seq) AS upTo, ROW_NUMBER() OVER (ORDER BY seq) AS nth, COUNT(*) OVER () AS found
    FROM sized
  )
  SELECT event.eventId, event.seq, type, createdAt, actorUserId, actorName, clientEventId, payloadJson, resultJson, found
  FROM page JOIN session_events AS event USING (eventId)
  WHERE upTo - bytes < ?4 AND nth <= ?3 ORDER BY event.seq`;

/** Rows with their payloads whole. Sizes are summed before payloads are read, so a page costs what it holds. */
async function readRows(
  db: D1Queries,
  sessionId: string,
  after: number,
  limit: number,
  maxBytes: number,
): Promise<{ rows: EventColumns[]; hasMore: boolean }> {
  const select = db.prepare(pageSql).bind(sessionId, after, limit, maxBytes);
  const { results } = await queried(() => select.all<EventColumns & { readonly found: number }>());
  const rows: EventColumns[] = [];
  for (const { found: _found, ...row } of results) {
    rows.push({
      ...row,
      payloadJson: row.payloadJson ?? (await readPayload(db, row.eventId)),
      resultJson: row.resultJson === "" ? await readPayload(db, resultKey(row.eventId)) : row.resultJson,
    });
  }
  return { rows, hasMore: (results[0]?.found ?? 0) > rows.length };
}

export async function readEvents(
  db: D1Queries,
  kind: string,
  name: string,
  options: ReadEventsOptions,
): Promise<EventPage> {
  const { after = 0, limit = defaultLimits.maxPageEvents, maxBytes = defaultLimits.maxPageBytes } = options;
  assertWhole("after", after, 0, Number.MAX_SAFE_INTEGER);
  assertWhole("limit", limit, 1, defaultLimits.maxPageEvents);
  assertWhole("maxBytes", maxBytes, 1, Number.MAX_SAFE_INTEGER);
  const { rows, hasMore } = await readRows(db, sessionIdOf(kind, name), after, limit, maxBytes);
  return { events: rows.map(eventFrom), hasMore };
}

function assertWhole(field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new SessileError("bad_request", `${field} is a whole number from ${min} to ${max}.`, { field });
}

function eventFrom(row: EventColumns): RecordedEvent {
  const { actorUserId, actorName, payloadJson, resultJson, ...rest } = row;
  const actor =
    actorUserId === null ? null : { id: actorUserId, ...(actorName === null ? {} : { name: actorName }) };
  return {
    ...rest,
    actor,
    payload: JSON.parse(payloadJson as string) as Json,
    ...(resultJson === null ? {} : { result: JSON.parse(resultJson) as Json }),
  };
}
