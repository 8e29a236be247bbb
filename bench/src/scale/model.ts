import { listPrices } from "../figures/cost.ts";
import type { Counted } from "./count.ts";

/** What a session is taken to be: so many messages, each answered by a model whose tokens are streamed. */
export const typical = { turns: 20, tokens: 300, tokensPerSecond: 50, secondsOfAnswer: 6 };
/** The busiest hour beside the average one. */
export const peakFactor = 3;
export const secondsAMonth = 30 * 86_400;

/**
 * Limits and prices of the platform, from its documentation (read 2026-11): developers.cloudflare.com/d1/platform/limits, …/d1/platform/pricing,
 * …/durable-objects/platform/limits, …/durable-objects/platform/pricing, …/workers/platform/limits.
 */
export const platform = {
  databaseBytes: 10e9,
  databaseBytesOfAccount: 1e12,
  bindingsOfScript: 5000,
  queriesOfInvocation: 1000,
  connectionsOfInvocation: 6,
  objectRequestsPerSecond: 1000,
  recordRowWritten: 1e-6,
  recordRowRead: 1e-9,
  recordGbMonth: 0.75,
  objectGbMonth: 0.2,
};

/** A database runs one query at a time; ten milliseconds for a batch of writes, two batches for a run of the mirror. */
export const recordCapacity = { runsPerSecond: 50 };

/** Per session: what is there before the first turn, and what each turn adds. */
export type Session = Omit<Counted, "events">;

/** The whole of a typical session, from what few turns were counted to write. */
export function sessionOf(few: Counted, more: Counted, apart: number): Session {
  const whole = (name: keyof Counted) => {
    const perTurn = (more[name] - few[name]) / apart;
    return few[name] + perTurn * (typical.turns - 1);
  };
  return {
    objectRows: whole("objectRows"),
    objectBytes: whole("objectBytes"),
    recordRows: whole("recordRows"),
    recordReads: whole("recordReads"),
    // The tables' own pages are there once in a database.
    recordBytes: ((more.recordBytes - few.recordBytes) / apart) * typical.turns,
    recordTrips: whole("recordTrips"),
  };
}

/** What so many sessions begun in a month need. */
export function demandOf(session: Session, sessions: number) {
  const perSecond = (count: number) => (count * sessions) / secondsAMonth;
  const answering = typical.turns * typical.secondsOfAnswer;
  const storedBytes = session.recordBytes * sessions;
  // Each run of the mirror is a row and a range, and an alarm and a line to the live lists with them.
  const mirrorRuns = session.recordTrips / 2;
  const objectRequests = 1 + typical.turns / 20 + mirrorRuns;
  return {
    answeringAtPeak: perSecond(answering) * peakFactor,
    databases: Math.ceil(storedBytes / platform.databaseBytes),
    recordBytes: storedBytes,
    objectBytes: session.objectBytes * sessions,
    tripsAtPeak: perSecond(session.recordTrips) * peakFactor,
    feedAtPeak: perSecond(mirrorRuns) * peakFactor,
    dollars: {
      "rows of the objects": session.objectRows * sessions * listPrices.rowWritten,
      "rows of the record":
        sessions *
        (session.recordRows * platform.recordRowWritten + session.recordReads * platform.recordRowRead),
      requests: sessions * (objectRequests * listPrices.objectRequest + 3 * listPrices.workerRequest),
      "time of the objects": sessions * answering * 0.128 * listPrices.gbSecond,
      "storage of the objects, each month": (session.objectBytes * sessions * platform.objectGbMonth) / 1e9,
      "storage of the record, each month": (storedBytes * platform.recordGbMonth) / 1e9,
    },
  };
}
