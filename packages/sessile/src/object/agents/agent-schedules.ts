import { parseCronExpression } from "cron-schedule";
import type { SqlRow, TimerRequest } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import { assertJson, type Json } from "../../protocol/json.ts";
import { sha256Hex } from "../../protocol/sha256.ts";

type ScheduleRhythm =
  | { readonly type: "scheduled" }
  | { readonly type: "delayed"; readonly delayInSeconds: number }
  /** As `cron` reads it: minute, hour, day, month, weekday, with seconds before them if there are six. */
  | { readonly type: "cron"; readonly cron: string }
  | { readonly type: "interval"; readonly intervalSeconds: number };

/** A method that is called at its time. The fields are the Agents SDK's. */
export type Schedule = ScheduleRhythm & {
  readonly id: string;
  /** Name of the method. */
  readonly callback: string;
  readonly payload: Json;
  /** Seconds since 1970 of the next call. */
  readonly time: number;
};

export interface ScheduleQuery {
  readonly id?: string;
  readonly type?: Schedule["type"];
  /** By the next call, both ends included. */
  readonly timeRange?: { readonly start?: Date; readonly end?: Date };
}

/** What schedules need of the object they call. */
export interface ScheduleTimers {
  set(request: TimerRequest): void;
  cancel(timerId: string): boolean;
  /** Timers of this name with `timer_id`, `due_at` and `input`, by time. */
  rows(name: string): readonly SqlRow[];
  /** Calls a method of the object by its name; null if there is none. */
  method(name: string): ((payload: Json, schedule: Schedule) => unknown) | null;
}

/** Name of their timers. */
export const scheduleTimer = "schedule";

/** Methods called by the clock. Each schedule is a timer, so it outlasts sleep and restarts, and is called at least once. */
export class AgentSchedules {
  readonly #timers: ScheduleTimers;

  constructor(timers: ScheduleTimers) {
    this.#timers = timers;
  }

  /** @throws SessileError `bad_request` */
  add(rhythm: ScheduleRhythm, callback: string, payload: Json, firstAt: number): Schedule {
    if (!this.#timers.method(callback))
      throw new SessileError("bad_request", `There is no method ${callback} to call.`, { field: "callback" });
    assertJson(payload, "payload");
    const recurring = rhythm.type === "cron" || rhythm.type === "interval";
    // The same again is the one there is: a wake that sets its schedules anew must not double them.
    const id = recurring
      ? sha256Hex(JSON.stringify([rhythm, callback, payload])).slice(0, 32)
      : crypto.randomUUID();
    const known = recurring ? this.list({ id })[0] : undefined;
    if (known) return known;
    const schedule: Schedule = { ...rhythm, id, callback, payload, time: firstAt / 1000 };
    this.#set(schedule, firstAt);
    return schedule;
  }

  list({ id, type, timeRange }: ScheduleQuery = {}): Schedule[] {
    const start = (timeRange?.start?.getTime() ?? Number.NEGATIVE_INFINITY) / 1000;
    const end = (timeRange?.end?.getTime() ?? Number.POSITIVE_INFINITY) / 1000;
    return this.#timers
      .rows(scheduleTimer)
      .map(scheduleOf)
      .filter((one) => (id === undefined || one.id === id) && (type === undefined || one.type === type))
      .filter(({ time }) => time >= start && time <= end);
  }

  cancel(id: string): boolean {
    return this.list({ id }).length > 0 && this.#timers.cancel(id);
  }

  /** Calls what is due and sets what recurs again, unless the method itself has cancelled it. */
  async run(input: Json): Promise<void> {
    const { id } = input as unknown as Schedule;
    const schedule = this.list({ id })[0];
    if (!schedule) return;
    const method = this.#timers.method(schedule.callback);
    if (!method) throw new Error(`There is no method ${schedule.callback} to call.`);
    await method(schedule.payload, schedule);
    const nextAt = nextOf(schedule, Date.now());
    if (nextAt !== null && this.list({ id })[0]?.time === schedule.time) this.#set(schedule, nextAt);
  }

  #set({ time: _then, ...schedule }: Schedule, dueAt: number): void {
    this.#timers.set({ timerId: schedule.id, name: scheduleTimer, dueAt, input: schedule });
  }
}

/** @returns milliseconds since 1970; null for what happens once. @throws SessileError `bad_request` for an expression without a next time */
function nextOf(rhythm: ScheduleRhythm, now: number): number | null {
  if (rhythm.type === "interval") return now + rhythm.intervalSeconds * 1000;
  if (rhythm.type !== "cron") return null;
  try {
    return parseCronExpression(rhythm.cron).getNextDate(new Date(now)).getTime();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SessileError("bad_request", `${rhythm.cron} is no cron expression: ${why}`, { field: "when" });
  }
}

/** @throws SessileError `bad_request` */
export function rhythmOf(
  when: number | Date | string,
  now: number,
): { readonly rhythm: ScheduleRhythm; readonly firstAt: number } {
  if (typeof when === "string") {
    const rhythm = { type: "cron", cron: when } as const;
    return { rhythm, firstAt: nextOf(rhythm, now) as number };
  }
  if (typeof when === "number") {
    assertSeconds(when, 0);
    return { rhythm: { type: "delayed", delayInSeconds: when }, firstAt: now + Math.round(when * 1000) };
  }
  if (Number.isNaN(when.getTime()))
    throw new SessileError("bad_request", "when is an invalid date.", { field: "when" });
  return { rhythm: { type: "scheduled" }, firstAt: when.getTime() };
}

const maxSeconds = 100 * 365 * 86_400;

/** @throws SessileError `bad_request` */
export function assertSeconds(seconds: number, least: number): void {
  if (seconds >= least && seconds <= maxSeconds) return;
  throw new SessileError("bad_request", `A number of seconds is ${least} to ${maxSeconds}.`, {
    field: "when",
  });
}

function scheduleOf({ input, due_at: dueAt }: SqlRow): Schedule {
  return { ...(JSON.parse(String(input)) as Omit<Schedule, "time">), time: Number(dueAt) / 1000 } as Schedule;
}
