import { childAnswered, expectChild, type Kernel, type Writer } from "../../kernel/index.ts";
import { callProxy } from "../../protocol/call-proxy.ts";
import type { CallsOf, EventsOf, StateOf } from "../../protocol/contract.ts";
import { SessileError } from "../../protocol/error.ts";
import { rootOf, type SessionAddress, sessionActor } from "../../protocol/family.ts";
import { assertJson, type DeepReadonly, type Json } from "../../protocol/json.ts";
import type { Lifecycle } from "../../protocol/lifecycle.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { SessionCaller, WireOutcome } from "../../protocol/request.ts";
import type { SessionView } from "../../protocol/view.ts";
import { askSession, type SessionObject } from "../session-rpc.ts";

export interface SessionStubOptions {
  /**
   * What the stub's commands are known by: given again, they answer as they did the first time and run nothing. Without it each
   * command is a new one.
   */
  readonly idempotencyKey?: string;
}

/** Another session, typed by its class. Commands given in one tick travel together, and each is answered by itself. */
export interface SessionStub<S> {
  /** Its callable methods: `stub.call.reserve(3)`. */
  readonly call: CallsOf<S>;
  /** @returns the event's seq */
  append<Type extends keyof EventsOf<S> & string>(type: Type, payload: EventsOf<S>[Type]): Promise<number>;
  setState(
    next: StateOf<S> | DeepReadonly<StateOf<S>>,
    options?: { readonly ifVersion?: number },
  ): Promise<void>;
  reset(): Promise<void>;
  setStatus(to: string, options?: { readonly expectedVersion?: number }): Promise<void>;
  setLifecycle(to: Lifecycle): Promise<void>;
  view(): Promise<SessionView<DeepReadonly<StateOf<S>>>>;
  state(): Promise<DeepReadonly<StateOf<S>>>;
  /** Deletes it for good. */
  delete(): Promise<void>;
}

/** The session that calls. */
export interface CallingSession {
  readonly kernel: Kernel;
  shown(): Promise<void>;
  write<T>(actor: null, body: (writer: Writer) => T): T;
  report(message: string, thrown: unknown): void;
}

export interface OtherSessionOptions extends SessionStubOptions {
  readonly host: () => CallingSession;
  /** A fresh stub for every try. */
  readonly open: () => SessionObject;
  /** Ids of the calling session's object and the other's, if that one is to be its child. */
  readonly family: { readonly parentId: string; readonly childId: string } | null;
}

interface Waiting {
  readonly command: { readonly [key: string]: Json };
  readonly resolve: (answer: WireOutcome & { readonly ok: true }) => void;
  readonly reject: (error: SessileError) => void;
}

export class OtherSession<S> implements SessionStub<S> {
  readonly call: CallsOf<S> = callProxy<S>(async (method, args) => {
    assertJson(args, "args");
    const { result } = await this.#command({ op: "call", method, args });
    return result;
  });
  readonly #options: OtherSessionOptions;
  #waiting: Waiting[] = [];
  #given = 0;
  /** What a child is listed as, once it has answered. */
  #address: SessionAddress | null = null;

  constructor(options: OtherSessionOptions) {
    this.#options = options;
  }

  async append(type: string, payload: unknown): Promise<number> {
    assertJson(payload, "payload");
    return (await this.#command({ op: "append", type, payload })).seq;
  }

  async setState(next: unknown, { ifVersion }: { readonly ifVersion?: number } = {}): Promise<void> {
    assertJson(next, "state");
    await this.#command({ op: "setState", state: next, ...(ifVersion === undefined ? {} : { ifVersion }) });
  }

  async reset(): Promise<void> {
    await this.#command({ op: "reset" });
  }

  async setStatus(
    to: string,
    { expectedVersion }: { readonly expectedVersion?: number } = {},
  ): Promise<void> {
    await this.#command({
      op: "setStatus",
      to,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });
  }

  async setLifecycle(to: Lifecycle): Promise<void> {
    await this.#command({ op: "setLifecycle", to });
  }

  async view(): Promise<SessionView<DeepReadonly<StateOf<S>>>> {
    const caller = await this.#caller();
    const view = await askSession(this.#options.open, { op: "view" }, caller);
    this.#answered(view);
    return view as unknown as SessionView<DeepReadonly<StateOf<S>>>;
  }

  async state(): Promise<DeepReadonly<StateOf<S>>> {
    return (await this.view()).state;
  }

  async delete(): Promise<void> {
    const { host, open, family } = this.#options;
    const { parent: _not, ...caller } = await this.#caller();
    const { address } = await askSession(open, { op: "delete", free: false }, caller);
    if (family) {
      host().write(null, (writer) => writer.removeChild(address));
      childAnswered(host().kernel.sql, family.childId);
    }
    this.#address = null;
  }

  /** Refused by a throw of the promise, so that a command that is not sent rejects like one that is refused there. */
  async #command(command: Waiting["command"]): Promise<WireOutcome & { readonly ok: true }> {
    assertOutsideCommit(this.#options.host().kernel);
    const { idempotencyKey } = this.#options;
    this.#given += 1;
    const id = idempotencyKey === undefined ? crypto.randomUUID() : `${idempotencyKey}:${this.#given}`;
    const { promise, resolve, reject } = Promise.withResolvers<WireOutcome & { readonly ok: true }>();
    this.#waiting.push({ command: { ...command, id }, resolve, reject });
    if (this.#waiting.length === 1) queueMicrotask(() => void this.#sendAll());
    return promise;
  }

  async #sendAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const most = defaultLimits.maxCommandsPerFrame;
    for (let from = 0; from < waiting.length; from += most)
      await this.#send(waiting.slice(from, from + most));
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    try {
      const commands = waiting.map(({ command }) => command);
      const chars = JSON.stringify(commands).length;
      const caller = await this.#caller();
      const { address, outcomes } = await askSession(
        this.#options.open,
        { op: "calls", commands, chars },
        caller,
      );
      this.#answered(address);
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const outcome = outcomes[index] as WireOutcome;
        if (outcome.ok) resolve(outcome);
        else reject(SessileError.fromWire(outcome.error));
      }
    } catch (thrown) {
      const error = SessileError.from(thrown);
      for (const { reject } of waiting) reject(error);
    }
  }

  /** Nobody hears of what the record may yet lose. */
  async #caller(): Promise<SessionCaller> {
    const { host, family } = this.#options;
    const session = host();
    assertOutsideCommit(session.kernel);
    await session.shown();
    const { kind, name, parent } = session.kernel.committedView;
    const actor = sessionActor({ kind, name });
    if (!family) return { actor };
    if (!this.#address) expectChild(session.kernel.sql, family.childId);
    const root = rootOf(parent);
    return { actor, parent: { kind, name, objectId: family.parentId, ...(root ? { root } : {}) } };
  }

  #answered({ kind, name }: SessionAddress): void {
    const { host, family } = this.#options;
    if (!family || this.#address) return;
    this.#address = { kind, name };
    try {
      host().write(null, (writer) => writer.addChild({ kind, name }));
      childAnswered(host().kernel.sql, family.childId);
    } catch (thrown) {
      // The child knows its parent all the same, and is listed with its first report or the next call.
      host().report(`The child ${kind}/${name} could not be listed`, thrown);
    }
  }
}

function assertOutsideCommit(kernel: Kernel): void {
  if (!kernel.insideCommit) return;
  throw new SessileError(
    "rejected",
    "A commit cannot wait for another session. Call it from an async method, or from work.",
  );
}
