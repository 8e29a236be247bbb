import { setTimeout as delay } from "node:timers/promises";
import { type BenchContext, freshName } from "../bench-context.ts";
import { callBench, StreamViewer } from "../load/stream-viewer.ts";
import { type Measurement, quantile } from "../measurement.ts";
import { expectOk } from "../peers/stream-peers.ts";
import { subjects } from "../subjects.ts";
import type { Figure } from "./figure.ts";
import { serverBytes } from "./memory.ts";

const subject = "sessile";
const className = subjects.sessile.className;
/** Sessions that are written to at once, whatever the number that is there. */
const busy = 100;
const makers = 32;
/** workerd lets objects go that nobody asked for ten seconds. */
const asleepAfterMs = 11_000;
/** A slow disk makes fewer sessions, not a longer report. */
const makingMs = 90_000;

/** What was asked for by name is measured further than what fits into the time of a report. */
export const sessionsFigure: Figure = {
  name: "scale/sessions",
  about: `events a second over at most ${busy} sessions of a server that keeps so many, one in flight on each, and memory for each session that sleeps`,
  run: (context) =>
    sessionsCurve(context, context.quick ? [1, 10, 100] : [1, 10, 100, 1000, 10_000], makingMs),
};

export const manySessionsFigure: Figure = {
  name: "scale/100000",
  about: "the same with 100,000 sessions; only when it is asked for by name",
  run: (context) => sessionsCurve(context, [1, 100, 10_000, 100_000], Number.POSITIVE_INFINITY),
};

async function sessionsCurve(
  context: BenchContext,
  sizes: readonly number[],
  makeWithinMs: number,
): Promise<readonly Measurement[]> {
  const session = freshName("many");
  const measured: Measurement[] = [];
  const until = performance.now() + makeWithinMs;
  let made = 0;
  for (const size of sizes) {
    if (performance.now() > until) break;
    // Fewer do not show in the server's memory.
    const isWeighed = size - made >= 500;
    const before = isWeighed ? await bytesAsleep(context) : null;
    const sessions = await makeSessions(context, session, made, size, until);
    const after = isWeighed ? await bytesAsleep(context) : null;
    if (before !== null && after !== null)
      measured.push({
        name: "memory/session",
        subject,
        unit: "KiB",
        value: (after - before) / (sessions - made) / 1024,
      });
    made = sessions;
    const job = { kind: "spread", base: context.server.url, subject, session } as const;
    const result = await context.load.run({
      ...job,
      sessions: Math.min(busy, sessions),
      ms: context.quick ? 300 : 1500,
    });
    const point = (of: string, unit: string, value: number) =>
      measured.push({ name: `scale/sessions/${of}/${sessions}`, subject, unit, value });
    point("rate", "events/s", (result.events / result.ms) * 1000);
    point("p99", "ms", quantile(result.latenciesMs, 0.99));
  }
  return onlyLast(measured, "memory/session");
}

/** The largest step says most. */
function onlyLast(measured: readonly Measurement[], name: string): readonly Measurement[] {
  const last = measured.findLast((one) => one.name === name);
  return measured.filter((one) => one.name !== name || one === last);
}

/** Sessions with one event each, made without a socket. @returns how many there are */
async function makeSessions(
  { server }: BenchContext,
  session: string,
  from: number,
  to: number,
  until: number,
): Promise<number> {
  let next = from;
  const body = JSON.stringify({ clientEventId: "first", type: "message", payload: null });
  const headers = { "content-type": "application/json" };
  const maker = async () => {
    while (next < to && (next === from || performance.now() < until)) {
      const url = `${server.url}/v1/sessions/bench/${session}-${next++}/events`;
      await expectOk(url, await fetch(url, { method: "POST", headers, body }));
    }
  };
  await Promise.all(Array.from({ length: makers }, maker));
  return next;
}

/** The server's memory once no object is awake any more. */
async function bytesAsleep({ server }: BenchContext): Promise<number | null> {
  await delay(asleepAfterMs);
  return serverBytes(server);
}

export const viewersFigure: Figure = {
  name: "scale/viewers",
  about:
    "from append to viewer over WebSockets, ten appends a second to so many viewers of one stream, and memory for each that is idle",
  async run(context) {
    const sizes = context.quick ? [1, 10, 100] : [1, 10, 100, 1000, 5000];
    const session = freshName("viewers");
    await callBench(context.server.url, session, "pace", "s", 1, 0, 13, false);
    const viewers: StreamViewer[] = [];
    const measured: Measurement[] = [];
    let atThousand: number | null = null;
    for (const size of sizes) {
      await openViewers(context, session, viewers, size);
      await context.server.evict(className, session);
      await delay(300);
      const bytes = serverBytes(context.server);
      if (size === 1000) atThousand = bytes;
      if (size === 5000 && bytes !== null && atThousand !== null)
        measured.push({
          name: "memory/socket",
          subject,
          unit: "KiB",
          value: (bytes - atThousand) / 4000 / 1024,
        });
      const ages = await agesOf(context, session, viewers);
      for (const part of [50, 99])
        measured.push({
          name: `scale/viewers/p${part}/${size}`,
          subject,
          unit: "ms",
          // Clocks of workerd tick in milliseconds.
          value: Math.max(0.5, quantile(ages, part / 100)),
        });
    }
    for (const viewer of viewers) viewer.socket.terminate();
    return measured;
  },
};

async function openViewers(
  { server }: BenchContext,
  session: string,
  viewers: StreamViewer[],
  size: number,
): Promise<void> {
  while (viewers.length < size) {
    const count = Math.min(100, size - viewers.length);
    const some = Array.from({ length: count }, () => new StreamViewer(server.url, session));
    await Promise.all(some.map(({ live }) => live));
    viewers.push(...some);
  }
}

/** Paced so slowly that no append waits for the one before. */
async function agesOf(
  { server, quick }: BenchContext,
  session: string,
  viewers: readonly StreamViewer[],
): Promise<readonly number[]> {
  const appends = quick ? 3 : 8;
  for (const viewer of viewers) viewer.forget();
  const complete = Promise.all(viewers.map((viewer) => viewer.has(appends)));
  // The first goes at once; it is awake then.
  await callBench(server.url, session, "pace", "s", appends, viewers.length > 1000 ? 1000 : 250, 13, false);
  await complete;
  return viewers.flatMap(({ ages }) => ages).toSorted((a, b) => a - b);
}
