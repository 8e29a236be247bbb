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
    const before = await rowsWritten(context, big);
    await fill(context, big, events - smallEvents);
    const rows = ((await rowsWritten(context, big)) - before) / (events - smallEvents);
    const bytes = (await ask(context, "bytes", big)) / events;
    await fill(context, small, smallEvents);
    return [
      value("rows", "rows/event", rows),
      value("bytes", "B/event", bytes),
      ...(await resumeTimes(context, small, big, events)),
      ...(await wakeTimes(context, small, big)),
      ...(await appendCosts(context, big)),
    ];
  },
};

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
  { load, server, quick }: BenchContext,
  small: string,
  big: string,
  events: number,
): Promise<readonly Measurement[]> {
  const times: number[][] = [[], []];
  for (let round = 0; round < 4; round++) {
    for (const [index, session] of [small, big].entries()) {
      const { latenciesMs } = await load.run({
        kind: "resume",
        base: server.url,
        subject,
        session,
        events: index === 0 ? smallEvents : events,
        behind,
        times: quick ? 5 : 25,
      });
      times[index]?.push(...latenciesMs);
    }
  }
  return [
    value("resume/100", "ms", median(times[0] ?? [])),
    value("resume/last", "ms", median(times[1] ?? [])),
  ];
}

async function wakeTimes(
  { load, server, quick }: BenchContext,
  small: string,
  big: string,
): Promise<readonly Measurement[]> {
  const times: number[][] = [[], []];
  for (const session of [small, big]) await load.run({ kind: "hold", base: server.url, subject, session });
  for (let round = 0; round < (quick ? 3 : 15); round++) {
    for (const [index, session] of [small, big].entries()) {
      const poke = { kind: "poke", base: server.url, subject, session } as const;
      await load.run(poke);
      await server.evict(subjects[subject].className, session);
      times[index]?.push((await load.run(poke)).ms);
    }
  }
  return [value("wake/100", "ms", median(times[0] ?? [])), value("wake/last", "ms", median(times[1] ?? []))];
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
