import { type BenchContext, freshName } from "../bench-context.ts";
import { countedPrefix } from "../counted-prefix.ts";
import { type Measurement, median } from "../measurement.ts";
import { subjects } from "../subjects.ts";
import type { Figure } from "./figure.ts";

const subject = "sessile";
/** Events appended for one reading of the cost, and the size of the log it is compared with. */
const stretch = 10_000;
const smallEvents = 100;
const behind = 50;

/**
 * Whether a session grows slower with its log: the same work on a session of a million events and on one that begins.
 * Everything that is compared is measured in turns.
 */
export const millionFigure: Figure = {
  name: "million",
  about:
    "a session of 1,000,000 events, 64 in flight as it grows, against its first 10,000 events and one of 100",
  async run(context) {
    const events = context.quick ? 50_000 : 1_000_000;
    const big = `${countedPrefix}${freshName("million")}`;
    const small = `${countedPrefix}${freshName("hundred")}`;
    await fill(context, big, smallEvents);
    const { rows, curve } = await grow(context, big, events);
    const bytes = (await ask(context, "bytes", big)) / events;
    await fill(context, small, smallEvents);
    return [
      ...curve,
      value("rows", "rows/event", rows),
      value("bytes", "B/event", bytes),
      ...(await resumeTimes(context, small, big, events)),
      ...(await wakeTimes(context, small, big)),
      ...(await appendCosts(context, big)),
    ];
  },
};

/** Fills a session by decades, and sees at each how it is to resume, wake and append to it. */
async function grow(
  context: BenchContext,
  big: string,
  events: number,
): Promise<{ readonly rows: number; readonly curve: readonly Measurement[] }> {
  const curve: Measurement[] = [];
  let [size, rows, counted] = [smallEvents, 0, 0];
  await hold(context, big);
  for (let decade = smallEvents; decade <= events; decade *= 10) {
    if (decade > size) {
      const before = await rowsWritten(context, big);
      await fill(context, big, decade - size);
      rows += (await rowsWritten(context, big)) - before;
      counted += decade - size;
      size = decade;
    }
    const wakes: number[] = [];
    for (let time = 0; time < 5; time++) wakes.push(await wakeTime(context, big));
    const resumes = await resumeTime(context, big, size, 10);
    const appended = Math.min(2000, decade);
    const ms = await fill(context, big, appended);
    size += appended + 2 * wakes.length;
    const point = (of: string, unit: string, value: number) =>
      curve.push({ name: `scale/events/${of}/${decade}`, subject, unit, value });
    point("wake", "ms", median(wakes));
    point("resume", "ms", median(resumes));
    point("append", "µs/event", (ms / appended) * 1000);
  }
  return { rows: rows / counted, curve };
}

async function appendCosts(context: BenchContext, big: string): Promise<readonly Measurement[]> {
  const [first, last]: [number[], number[]] = [[], []];
  const count = context.quick ? 2000 : stretch;
  for (let round = 0; round < Math.max(2, context.rounds); round++) {
    const young = `${countedPrefix}${freshName("young")}`;
    for (const name of [young, big]) {
      // Creating the one and waking the other is not what is compared.
      await fill(context, name, 64);
      (name === big ? last : first).push((await fill(context, name, count)) / count);
    }
  }
  return [
    value("append/first", "µs/event", median(first) * 1000),
    value("append/last", "µs/event", median(last) * 1000),
  ];
}

async function resumeTimes(
  context: BenchContext,
  small: string,
  big: string,
  events: number,
): Promise<readonly Measurement[]> {
  const times: number[][] = [[], []];
  for (let round = 0; round < 4; round++) {
    for (const [index, session] of [small, big].entries())
      times[index]?.push(
        ...(await resumeTime(context, session, index === 0 ? smallEvents : events, context.quick ? 5 : 25)),
      );
  }
  return [
    value("resume/100", "ms", median(times[0] ?? [])),
    value("resume/last", "ms", median(times[1] ?? [])),
  ];
}

/** @returns milliseconds of each time */
async function resumeTime(
  { load, server }: BenchContext,
  session: string,
  events: number,
  times: number,
): Promise<readonly number[]> {
  const job = { kind: "resume", base: server.url, subject, session, events, behind, times } as const;
  return (await load.run(job)).latenciesMs;
}

async function wakeTimes(context: BenchContext, small: string, big: string): Promise<readonly Measurement[]> {
  const times: number[][] = [[], []];
  for (const session of [small, big]) await hold(context, session);
  for (let round = 0; round < (context.quick ? 3 : 15); round++) {
    for (const [index, session] of [small, big].entries())
      times[index]?.push(await wakeTime(context, session));
  }
  return [value("wake/100", "ms", median(times[0] ?? [])), value("wake/last", "ms", median(times[1] ?? []))];
}

async function hold({ load, server }: BenchContext, session: string): Promise<void> {
  await load.run({ kind: "hold", base: server.url, subject, session });
}

/** Two appends on the held socket, with an eviction between. @returns milliseconds of the second */
async function wakeTime({ load, server }: BenchContext, session: string): Promise<number> {
  const poke = { kind: "poke", base: server.url, subject, session } as const;
  await load.run(poke);
  await server.evict(subjects[subject].className, session);
  return (await load.run(poke)).ms;
}

/** @returns milliseconds */
async function fill({ load, server }: BenchContext, session: string, events: number): Promise<number> {
  const job = { kind: "fill", base: server.url, subject, session, inFlight: 64, perFrame: 1 } as const;
  return (await load.run({ ...job, events })).ms;
}

function rowsWritten(context: BenchContext, session: string): Promise<number> {
  return ask(context, "rows", session);
}

async function ask({ server }: BenchContext, what: "rows" | "bytes", session: string): Promise<number> {
  return (await (
    await fetch(`${server.url}/${what}/${subjects[subject].className}/${session}`)
  ).json()) as number;
}

function value(name: string, unit: string, value: number): Measurement {
  return { name: `million/${name}`, subject, unit, value };
}
