import { agentNameOf } from "../../protocol/agents-frame.ts";
import type { Json } from "../../protocol/json.ts";
import { Session } from "../session.ts";
import {
  AgentSchedules,
  assertSeconds,
  rhythmOf,
  type Schedule,
  type ScheduleQuery,
  scheduleTimer,
} from "./agent-schedules.ts";

/**
 * What a class that extends `Agent` has by type. The names of everything else a session can do are left to the class's own methods,
 * as an app brings them along: extend `Session` to have it all.
 */
export interface AgentMembers<Env, State extends Json>
  extends Rpc.DurableObjectBranded,
    Pick<
      Session<Env, State>,
      | "access"
      | "caller"
      | "cancelTimer"
      | "child"
      | "children"
      | "clientWrites"
      | "eventTypes"
      | "kind"
      | "limits"
      | "migrations"
      | "name"
      | "parent"
      | "reportToParent"
      | "session"
      | "setState"
      | "setTimer"
      | "sql"
      | "state"
    > {
  readonly ctx: DurableObjectState;
  readonly env: Env;
  initialState: State;
  onStart(): void | Promise<void>;
  onRequest(request: Request): Response | Promise<Response>;
  onConnect(...connected: Parameters<Session["onConnect"]>): void;
  onDisconnect(...gone: Parameters<Session["onDisconnect"]>): void;
  onMessage(...sent: Parameters<Session["onMessage"]>): boolean;
  onTimer(name: string, input: Json): void | Promise<void>;
  onReport(...reported: Parameters<Session["onReport"]>): void;
  validateState(next: State, current: State): void;
  authorize(...asked: Parameters<Session["authorize"]>): boolean;
}

const Base = Session as unknown as abstract new <Env, State extends Json>(
  context: DurableObjectState,
  env: Env,
) => AgentMembers<Env, State>;

/**
 * A session class written as the Agents SDK's are: its kind is its name (`ChatAgent` is `chat-agent`), clients may write the state
 * unless it says otherwise, and methods are scheduled by name.
 */
export abstract class Agent<Env = unknown, State extends Json = Json> extends Base<Env, State> {
  /** Bundlers put an underscore before the name of a class that refers to itself; where one changes names altogether, declare the kind. */
  override readonly kind: string = agentNameOf(this.constructor.name.replace(/^_+/, ""));
  override readonly clientWrites: Session["clientWrites"] = { state: true };
  readonly #schedules = new AgentSchedules({
    set: (request) => this.setTimer(request),
    cancel: (timerId) => this.cancelTimer(timerId),
    rows: (name) =>
      this
        .sql`SELECT timer_id, due_at, input FROM _sessile_timer WHERE name = ${name} ORDER BY due_at, timer_id`,
    method: (name) => {
      const method = (this as unknown as Readonly<Record<string, unknown>>)[name];
      return typeof method === "function" ? method.bind(this) : null;
    },
  });

  /**
   * Calls `this[callback](payload, schedule)` in so many seconds, at a date, or whenever a cron expression says; at least once, also if
   * the object sleeps or restarts meanwhile. The same cron expression for the same call is one schedule.
   *
   * @throws SessileError `bad_request`
   */
  schedule(when: number | Date | string, callback: keyof this & string, payload: Json = null): Schedule {
    const { rhythm, firstAt } = rhythmOf(when, Date.now());
    return this.#schedules.add(rhythm, callback, payload, firstAt);
  }

  /** Calls `this[callback](payload, schedule)` every so many seconds after the last call has ended. */
  scheduleEvery(intervalSeconds: number, callback: keyof this & string, payload: Json = null): Schedule {
    assertSeconds(intervalSeconds, 1);
    const rhythm = { type: "interval", intervalSeconds } as const;
    return this.#schedules.add(rhythm, callback, payload, Date.now() + intervalSeconds * 1000);
  }

  getSchedule(id: string): Schedule | undefined {
    return this.getSchedules({ id })[0];
  }

  /** By time. */
  getSchedules(query: ScheduleQuery = {}): Schedule[] {
    return this.#schedules.list(query);
  }

  /** @returns whether there was one */
  cancelSchedule(id: string): boolean {
    return this.#schedules.cancel(id);
  }

  override onTimer(name: string, input: Json): void | Promise<void> {
    if (name === scheduleTimer) return this.#schedules.run(input);
  }
}
