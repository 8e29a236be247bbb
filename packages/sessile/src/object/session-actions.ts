import {
  type GateRequest,
  type LogLevel,
  listChildren,
  listGates,
  readGate,
  refuseThenable,
  type SqlRow,
  type SqlValue,
  type TimerRequest,
  Usage,
  type Writer,
} from "../kernel/index.ts";
import type { AccessChange } from "../protocol/access.ts";
import type { GateAnswer } from "../protocol/command.ts";
import type { EventMap } from "../protocol/contract.ts";
import type { Actor } from "../protocol/event.ts";
import type { SessionAddress } from "../protocol/family.ts";
import { approvedArguments, type GateRecord } from "../protocol/gate.ts";
import type { DeepReadonly, Json } from "../protocol/json.ts";
import type { Lifecycle } from "../protocol/lifecycle.ts";
import type { PartReference } from "../protocol/part.ts";
import type { Summary } from "../protocol/summary.ts";
import type { UsageReport, UsageRollup } from "../protocol/usage.ts";
import type { UsageStore } from "../protocol/usage-store.ts";
import type { SessionView } from "../protocol/view.ts";
import { type EventsPage, readEventsPage } from "./events-page.ts";
import { OtherSession, type SessionStub, type SessionStubOptions } from "./family/other-session.ts";
import { SessionBudgets } from "./meter/session-budgets.ts";
import { createSessionUsageStore } from "./meter/session-usage-store.ts";
import type { SessionHost } from "./session-host.ts";
import { SessionKind } from "./session-kind.ts";
import type { SessionObject } from "./session-rpc.ts";
import { SessionStreams } from "./streams/session-streams.ts";
import { SessionSpeech } from "./voice/session-speech.ts";

/** The running session, which is created if it does not exist. A symbol, so that no name is taken from kinds. */
export const live = Symbol("live");
/** A commit, or a part of the one that is being made. */
export const write = Symbol("write");

/** What an answer brings beside itself, and in whose name. */
export type GateAnswerOptions = Omit<GateAnswer, "answer"> & { readonly actor?: Actor | null };

/** What a kind's own code reads and does. Inside a synchronous callable or hook, all of it is one commit. */
export abstract class SessionActions<Env, State extends Json, Events extends EventMap> extends SessionKind<
  Env,
  State,
  Events
> {
  protected abstract [live](): SessionHost;
  /** @param actor absent: whoever calls */
  protected abstract [write]<T>(body: (writer: Writer) => T, actor?: Actor | null): T;

  /** Chunks that come bit by bit, such as a model's answer: durable before anybody reads them, and read from any offset. */
  readonly streams = new SessionStreams(() => this[live]().streams);
  /** Bounds on what the session may use; where one is used up a person is asked. */
  readonly budgets = new SessionBudgets((body) => this[write](body));
  /** What the session says to people who talk in it. */
  readonly speech = new SessionSpeech(() => this[live]().voice);

  get view(): SessionView<DeepReadonly<State>> {
    return this[live]().kernel.view as SessionView<DeepReadonly<State>>;
  }

  /** Frozen in depth; `setState` is the only way to change it. */
  get state(): DeepReadonly<State> {
    return this[live]().kernel.view.state as unknown as DeepReadonly<State>;
  }

  get status(): string | null {
    return this.view.status;
  }

  get lifecycle(): Lifecycle {
    return this.view.lifecycle;
  }

  /** Replaces the whole state; a read right after sees it, others see it once it is committed. */
  setState(next: State | DeepReadonly<State>, options: { readonly ifVersion?: number } = {}): void {
    this[write]((writer) => writer.setState(next as unknown as Json, options.ifVersion));
  }

  /** Back to `initialState`; the log keeps what was. */
  resetState(): void {
    this[write]((writer) => writer.reset());
  }

  /** Appends an event and returns its seq. */
  append<Type extends keyof Events & string>(
    type: Type,
    payload: Events[Type],
    options: { readonly actor?: Actor | null } = {},
  ): number {
    return this[write]((writer) => writer.append(type, payload), options.actor);
  }

  /**
   * Keeps something large beside the log, for a reference to it in a payload or the state. Without one it goes after an hour.
   * Text is kept as UTF-8.
   */
  keepPart(
    data: Uint8Array | string,
    description: { readonly mediaType: string; readonly name?: string },
  ): PartReference {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return this[write]((writer) => writer.parts.keep(bytes, description, Date.now()));
  }

  setStatus(
    to: string,
    options: { readonly expectedVersion?: number; readonly actor?: Actor | null } = {},
  ): void {
    this[write]((writer) => writer.setStatus(to, options.expectedVersion), options.actor);
  }

  /** Gives an owned session away, opens it to everyone's eyes, or shares it. Nobody asks whether the caller may. */
  setAccess(change: AccessChange): void {
    this[write]((writer) => writer.setAccess(change), null);
  }

  setLifecycle(to: Lifecycle): void {
    this[write]((writer) => writer.setLifecycle(to));
  }

  /** Asks people for a decision; `onGate` hears the outcome. @returns the gate's id */
  openGate(request: GateRequest): string {
    return this[write]((writer) => writer.openGate(request));
  }

  /**
   * Answers in somebody's name, by default the caller's. Whoever it is needs the right `approve`, also where the method needs less.
   *
   * @throws SessileError `forbidden`, and as for any answer
   */
  answerGate(gateId: string, answer: string, options: GateAnswerOptions = {}): void {
    const { actor, ...given } = options;
    this[write]((writer) => {
      writer.gates.assertMayApprove();
      writer.gates.answer(gateId, { ...given, answer });
    }, actor);
  }

  /** Ends a gate without an answer: the question no longer arises. */
  expireGate(gateId: string): void {
    this[write]((writer) => writer.gates.expire(gateId, "withdrawn"));
  }

  /** Every gate there was, in order, with its outcome. */
  gates(): readonly GateRecord[] {
    return listGates(this[live]().kernel.sql);
  }

  /** One gate, with how it ended; null if it was never opened. */
  gate(gateId: string): GateRecord | null {
    return readGate(this[live]().kernel.sql, gateId);
  }

  /**
   * The arguments that a call may run with, as its gate was answered. Ask right before it runs, with the call as it would run.
   *
   * @throws SessileError `forbidden` unless it was approved, `conflict` if the gate is about another call, `not_found`
   */
  approvedArguments(gateId: string, call: { readonly name: string; readonly arguments: Json }): Json {
    return approvedArguments(this.gate(gateId), call);
  }

  /** Calls `onTimer(name, input)` at `dueAt`, also if the object sleeps or the server restarts meanwhile. At least once. */
  setTimer(request: TimerRequest): string {
    return this[write]((writer) => writer.setTimer(request));
  }

  cancelTimer(timerId: string): boolean {
    return this[write]((writer) => writer.cancelTimer(timerId));
  }

  /** Starts `works[name]` unless work of this id was started before. @returns whether it was started now */
  startWork(name: string, options: { readonly workId?: string; readonly input?: Json } = {}): boolean {
    return this[write]((writer) =>
      writer.startWork({ workId: options.workId ?? name, name, input: options.input ?? null }),
    );
  }

  /** Groups writes outside a method into one commit. `body` must be synchronous. */
  commit<T>(body: () => T): T {
    return this[write](() => {
      const value = body();
      refuseThenable(value);
      return value;
    });
  }

  /** Runs SQL on the session's own database, values bound: `` this.sql`SELECT * FROM note WHERE id = ${id}` ``. */
  sql<Row extends SqlRow = SqlRow>(
    query: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): readonly Row[] {
    return this[live]().kernel.sql.exec(query.join("?"), ...values) as readonly Row[];
  }

  /** Events after `after`, one page. */
  readEvents(options: { readonly after?: number; readonly limit?: number } = {}): EventsPage {
    return readEventsPage(this[live]().kernel, options);
  }

  /** The newest summary, or null: what a new message can be answered from together with `eventsSinceSummary`. */
  get summary(): Summary | null {
    return this[live]().summaries.newest();
  }

  /** What happened after the newest summary, one page: with it, the whole context of a new message. */
  eventsSinceSummary(options: { readonly limit?: number } = {}): EventsPage {
    return this.readEvents({ ...options, after: this.summary?.toSeq ?? 0 });
  }

  /**
   * Another session, of the class whose namespace it is: `await this.session(this.env.STOCK, "apples").call.reserve(3)`. It sees this
   * one as the actor `session:{kind}/{name}`.
   */
  session<S extends Rpc.DurableObjectBranded | undefined>(
    namespace: DurableObjectNamespace<S>,
    name: string,
    options: SessionStubOptions = {},
  ): SessionStub<S> {
    return this.#other(namespace, name, options, false);
  }

  /** The same, and with the first call the other becomes this one's child, which reports to it. @throws (in calls) SessileError `conflict` */
  child<S extends Rpc.DurableObjectBranded | undefined>(
    namespace: DurableObjectNamespace<S>,
    name: string,
    options: SessionStubOptions = {},
  ): SessionStub<S> {
    return this.#other(namespace, name, options, true);
  }

  /** Who made this session; null if no session did. */
  get parent(): SessionAddress | null {
    return this.view.parent ?? null;
  }

  /** The children, in order of kind and name, after `after`. */
  children(
    options: { readonly after?: SessionAddress; readonly limit?: number } = {},
  ): readonly SessionAddress[] {
    return listChildren(this[live]().kernel.sql, options.limit ?? 100, options.after);
  }

  /**
   * Appends an event of which the parent is told: `onReport` runs there, once, however long it takes to reach. @returns the event's seq
   *
   * @throws SessileError `rejected` without a parent
   */
  reportToParent<Type extends keyof Events & string>(type: Type, payload: Events[Type]): number {
    return this[write]((writer) => writer.report(type, payload));
  }

  #other<S extends Rpc.DurableObjectBranded | undefined>(
    namespace: DurableObjectNamespace<S>,
    name: string,
    options: SessionStubOptions,
    isChild: boolean,
  ): SessionStub<S> {
    const open = () => namespace.getByName(name) as unknown as SessionObject;
    const ids = () => ({
      parentId: this.ctx.id.toString(),
      childId: namespace.idFromName(name).toString(),
    });
    return new OtherSession<S>({
      ...options,
      open,
      host: () => this[live](),
      family: isChild ? ids() : null,
    });
  }

  /** Counts what was used, once per `entryId`. @returns false if it was counted before */
  recordUsage(report: UsageReport): boolean {
    return this[write]((writer) => writer.recordUsage(report));
  }

  /** What this session has used: everything, or for one `ref`. */
  usage(options: { readonly ref?: string } = {}): UsageRollup {
    return new Usage(this[live]().kernel.sql).rollup(options);
  }

  /** The same meter, as agents take it. */
  get usageStore(): UsageStore {
    const { kernel } = this[live]();
    const sessionId = kernel.view.name;
    return createSessionUsageStore({ sessionId, sql: kernel.sql, write: (body) => this[write](body, null) });
  }

  /** A line for operators; not part of the record. */
  log(level: LogLevel, tag: string, message: string, attrs: Json = null): void {
    this[live]().kernel.operatorLog.write(Date.now(), level, tag, message, attrs);
  }
}
