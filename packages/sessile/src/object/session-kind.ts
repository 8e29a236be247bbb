import { defaultOperatorLogMs, type Workflow } from "../kernel/index.ts";
import type { Action } from "../protocol/access.ts";
import type { CarriesEvents, EventMap } from "../protocol/contract.ts";
import type { Actor } from "../protocol/event.ts";
import type { ChildReport, SessionAddress } from "../protocol/family.ts";
import type { Peer } from "../protocol/frame.ts";
import type { Gate, GateOutcome } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import type { SessionView } from "../protocol/view.ts";
import {
  createD1GatePolicies,
  createD1QuotaStore,
  createD1Record,
  type DirectoryDescription,
  type GatePolicyStore,
  type QuotaStore,
  type SessionRecord,
} from "../record/index.ts";
import { CachingObject } from "./caching-object.ts";
import type { Expiry } from "./keeping/expiry-watch.ts";
import type { KindDeclaration } from "./kind-definition.ts";
import type { QuotaPolicy } from "./meter/quota-policy.ts";
import type { SessileBindings } from "./session-bindings.ts";
import type { WorkFunction } from "./works/work-runner.ts";

/** A symbol, so that no name is taken from kinds, and none of theirs can be in its way. */
export const settled = Symbol("settled");
export const reported = Symbol("reported");
export const orphaned = Symbol("orphaned");
export const rang = Symbol("rang");
export const terminating = Symbol("terminating");
export const accessChanged = Symbol("accessChanged");
export const neededFrom = Symbol("neededFrom");

/** What a kind of session declares, and the hooks it may override. All it can do stands in `SessionActions`. */
export abstract class SessionKind<Env, State extends Json, Events extends EventMap>
  extends CachingObject<Env>
  implements CarriesEvents<Events>
{
  declare readonly eventTypes?: Events;
  /** The name of this class of sessions in addresses: lower-case words joined by hyphens. */
  abstract readonly kind: string;
  abstract readonly initialState: State;
  /** The domain machine, if the kind has one: made by `workflow({ initial, transitions })`. */
  readonly workflow?: Workflow;
  /** The kind's own tables; append-only. */
  readonly migrations: KindDeclaration["migrations"] = [];
  readonly limits: KindDeclaration["limits"] = {};
  readonly clientWrites: KindDeclaration["clientWrites"] = {};
  /** When ranges of the log are sealed into snapshots; null never does. */
  readonly snapshots: KindDeclaration["snapshots"] = {};
  /** When events move to the archive, from where they are read as before; null keeps them all at hand. */
  readonly retention: KindDeclaration["retention"] = null;
  /** When streams that have closed are deleted, such as `{ endedMs: 7 * 86_400_000 }`; null keeps them for ever. */
  readonly streamRetention: KindDeclaration["streamRetention"] = null;
  /** How long the operator log is kept. */
  readonly operatorLogMs: KindDeclaration["operatorLogMs"] = defaultOperatorLogMs;
  /** When sessions that nobody uses are deleted; null keeps them for ever. `mayExpire` decides for each. */
  readonly expiry: Expiry | null = null;
  /** Summaries: after snapshots, when asked for and always at the end; null makes none. `{}` takes every default. */
  readonly summaries: KindDeclaration["summaries"] = null;
  /** Lets people talk in the session, and what is said become events; null keeps audio out. `{}` is audio without transcripts. */
  readonly voice: KindDeclaration["voice"] = null;
  /** `"owned"`: a session belongs to whoever uses it first, and others see and do only what its owner lets them. */
  readonly access: KindDeclaration["access"] = "open";
  /** Whether a commit shows once it is on the object's own disk, or (`"ledger"`) only once the record holds it. */
  readonly durability: KindDeclaration["durability"] = "mirror";
  /** What clients' commands cost, and who may spend how much; null asks no quota. */
  readonly quotas: QuotaPolicy | null = null;
  /** Long work by name, started with `startWork`: journaled step by step, and continued after a crash. */
  readonly works: { readonly [name: string]: WorkFunction } = {};

  /** Runs once, in the commit that creates the session. Synchronous. */
  onCreate(): void {}
  /** Runs on every wake, before any request. */
  onStart(): void | Promise<void> {}
  /** Asked before a session expires, such as whether it belongs to nobody who could come back. */
  mayExpire(_view: SessionView<State>): boolean {
    return true;
  }
  /** HTTP requests below the session's pretty address. */
  onRequest(_request: Request): Response | Promise<Response> {
    return new Response("Not found", { status: 404 });
  }
  /** A peer has said hello. */
  onConnect(_peer: Peer): void {}
  onDisconnect(_peer: Peer): void {}
  /** A signal on its way to the other peers; false keeps it from them. */
  onMessage(_peer: Peer, _signal: Json): boolean {
    return true;
  }
  /** What the library's own kinds do in the commit that terminates the session, before what waits is closed. */
  [terminating](): void {}
  /** Seq of the oldest event that the kind still reads back, which stays in the hot log; null: none. */
  [neededFrom](): number | null {
    return null;
  }
  /** What the library's own kinds do in the commit that changes who may do what. */
  [accessChanged](): void {}
  /** What the library's own kinds do when a timer is due, beside what a kind built on them does. */
  [rang](name: string, input: Json): void | Promise<void> {
    return this.onTimer(name, input);
  }
  onTimer(_name: string, _input: Json): void | Promise<void> {}
  /** What the library's own kinds do when a gate is settled, beside what a kind built on them does. */
  [settled](gate: Gate, outcome: GateOutcome): void {
    this.onGate(gate, outcome);
  }
  /** What becomes of the children of a session that is being deleted. May run again. Of the session itself nothing can be used any more. */
  async [orphaned](_children: readonly SessionAddress[]): Promise<void> {}
  /** Runs in the commit that settles the gate. */
  onGate(_gate: Gate, _outcome: GateOutcome): void {}
  /** Runs in the commit that asks others too, because nobody has answered: tell them. */
  onGateEscalated(_gate: Gate): void {}
  /** What the library's own kinds do when a child has reported, beside what a kind built on them does. */
  [reported](report: ChildReport): void {
    this.onReport(report);
  }
  /** Runs in the commit that takes what a child has reported. */
  onReport(_report: ChildReport): void {}
  /** After every commit. */
  onCommit(_before: SessionView<State>, _after: SessionView<State>): void {}
  /** Throws to refuse a state. Must not write. */
  validateState(_next: State, _current: State): void {}
  /** Throws to refuse an event that a client appends. Must not write. */
  validateEvent(_type: string, _payload: Json): void {}
  /** The object's own check, after the worker's. */
  authorize(_actor: Actor | null, _action: Action): boolean {
    return true;
  }
  /** Title and facts that lists show. */
  describe(): DirectoryDescription<State> {
    return {};
  }
  /** Where quotas are counted; without one, commands that cost are refused. */
  quotaStoreOf(env: Env): QuotaStore | null {
    const database = (env as SessileBindings).SESSILE_RECORD;
    return database ? createD1QuotaStore(database) : null;
  }
  /** Where "always allow" policies beyond one session lie; null: there are none. */
  gatePoliciesOf(env: Env): GatePolicyStore | null {
    const database = (env as SessileBindings).SESSILE_RECORD;
    return database ? createD1GatePolicies(database) : null;
  }
  /** Where the directory and the mirror live; null for a kind that keeps none. */
  recordOf(env: Env): SessionRecord | null {
    const database = (env as SessileBindings).SESSILE_RECORD;
    return database ? createD1Record(database) : null;
  }
}
