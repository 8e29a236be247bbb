import { Kernel, type KindDefinition, reportWork, type Writer } from "../kernel/index.ts";
import { type Action, mayAccess } from "../protocol/access.ts";
import { agentHeader } from "../protocol/agents-frame.ts";
import { closeCodes } from "../protocol/close-code.ts";
import type { EventMap } from "../protocol/contract.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { pingText, pongText } from "../protocol/frame.ts";
import type { Json } from "../protocol/json.ts";
import type { SessionCaller, SessionReply, SessionRequest } from "../protocol/request.ts";
import { streamHeader } from "../protocol/stream-request.ts";
import type { SessionView } from "../protocol/view.ts";
import type { DirectoryDescription } from "../record/index.ts";
import { answerAgentsFetch } from "./agents/agents-fetch.ts";
import { answerClose } from "./answer-close.ts";
import { findCallable } from "./callable.ts";
import { platformClock } from "./clock.ts";
import { showOnConsole } from "./console-log.ts";
import { type DirectoryFeedStub, directoryFeedName } from "./directory-feed.ts";
import { DurableSql } from "./durable-sql.ts";
import { type Maker, openById } from "./family/family.ts";
import { ReportSender } from "./family/report-sender.ts";
import { deletedError } from "./keeping/eraser.ts";
import { SessionDeletion } from "./keeping/session-deletion.ts";
import { definitionOf } from "./kind-definition.ts";
import { offerOf } from "./kind-offer.ts";
import { limitDepth } from "./limit-depth.ts";
import { absenceOf, noSuchSession } from "./no-such-session.ts";
import { live, SessionActions, write } from "./session-actions.ts";
import type { SessileBindings } from "./session-bindings.ts";
import type { SessionHooks } from "./session-hooks.ts";
import { SessionHost } from "./session-host.ts";
import { accessChanged, neededFrom, orphaned, rang, reported, settled, terminating } from "./session-kind.ts";
import { answerRequest, isImport, makesNoSession, makesOwned } from "./session-request.ts";
import { findStreamingCallable } from "./streaming-callable.ts";
import { answerStreamFetch } from "./streams/stream-fetch.ts";
import { actorFrom, answerFetch, answerForwarded, isRead, isUpgrade, refuseFetch } from "./upgrade.ts";

/**
 * A durable session. Extend it, declare `initialState`, and write methods: state, log, gates, timers and work are stored
 * in the object's own database, and every connected client follows along.
 *
 *     export class Counter extends Session<Env, { count: number }> {
 *       readonly kind = "counter";
 *       readonly initialState = { count: 0 };
 *       readonly increment = callable((by: number) => this.setState({ count: this.state.count + by }));
 *     }
 *
 * Nothing that matters may live in instance fields: the instance goes after seconds of quiet, and the database stays.
 */
export abstract class Session<
  Env = unknown,
  State extends Json = Json,
  Events extends EventMap = EventMap,
> extends SessionActions<Env, State, Events> {
  #host: SessionHost | null = null;
  #name = "";
  #caller: Actor | null = null;
  #starting: Promise<void> | null = null;
  #sql: DurableSql | null = null;
  /** What it writes is told to it again. */
  readonly #onCommit = limitDepth(16, (before: SessionView, after: SessionView) =>
    this.onCommit(before as SessionView<State>, after as SessionView<State>),
  );
  readonly #reports = new ReportSender({
    host: () => this.#live(),
    clock: platformClock,
    objectId: this.ctx.id.toString(),
    open: (objectId) => openById(this.env, objectId),
  });
  #deletion: SessionDeletion | null = null;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair(pingText, pongText));
    // Requests wait until the tables are up to date and the session exists. One turn later the subclass's fields are set.
    void context.blockConcurrencyWhile(() => this.#boot());
  }

  get name(): string {
    return this.#name;
  }

  /** Who called the method that is running. In an `async` method, read it before the first `await`. */
  get caller(): Actor | null {
    return this.#caller;
  }

  protected override [live](): SessionHost {
    return this.#live();
  }

  protected override [write]<T>(body: (writer: Writer) => T, actor?: Actor | null): T {
    const host = this.#live();
    // Inside a command an absent actor is whoever sent it; in an asynchronous method, until its first `await`, its caller.
    return host.write(actor === undefined && !host.kernel.insideCommit ? this.#caller : actor, body);
  }

  /** Reads and commands of the HTTP layer. */
  async handleSessionRequest(request: SessionRequest, caller: SessionCaller): Promise<SessionReply> {
    if (request.op === "describe") return { ok: true, value: offerOf(this) };
    const deletion = this.#deletion as SessionDeletion;
    if (request.op === "delete") return deletion.delete(request.free, caller.actor);
    if (deletion.current && !(await deletion.admits(request, caller.actor)))
      return { ok: false, error: deletedError().toWire() };
    // Nobody has children who is not there, and looking makes nothing.
    if (makesNoSession(request) && !this.#opened().kernel.exists)
      return { ok: false, error: noSuchSession().toWire() };
    if (request.op !== "reports" && !isImport(request)) {
      const refused = absenceOf(this.#opened().kernel, caller.actor, makesOwned(request));
      if (refused) return { ok: false, error: refused.toWire() };
    }
    const host = isImport(request) ? this.#opened() : await this.#ready(caller);
    // Before there is a session the kind has nothing to judge by; the worker has asked its own authorizer.
    const may = (action: Action) => !host.kernel.exists || this.#may(caller.actor, action);
    const answer = () => answerRequest(host, request, caller, may);
    if (request.op !== "importEnd") return answer();
    const reply = await deletion.completing(answer);
    if (reply.ok) await this.#start();
    return reply;
  }

  override async fetch(request: Request): Promise<Response> {
    if (this.#isDeleted) return refuseFetch(request, deletedError(), closeCodes.gone);
    const actor = actorFrom(request);
    const agent = request.headers.get(agentHeader);
    const mayCreate = agent !== null || isUpgrade(request) || !isRead(request);
    const refused = absenceOf(this.#opened().kernel, actor, mayCreate);
    if (refused) return refuseFetch(request, refused);
    if (agent !== null) return answerAgentsFetch(await this.#ready({ actor }), request, agent);
    const streamId = request.headers.get(streamHeader);
    if (streamId !== null) {
      const mayRead = () => this.#may(actor, "read");
      return answerStreamFetch(await this.#ready({ actor }), request, streamId, actor, mayRead);
    }
    return answerFetch(await this.#ready({ actor }), request, () =>
      answerForwarded(
        { authorize: (...asked) => this.#may(...asked), log: (...line) => this.log(...line) },
        request,
        (actor) => this.#asCaller(actor, () => this.onRequest(request)),
      ),
    );
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (!this.#present) return;
    const { agents, streams, frames } = this.#present;
    if (streams.sockets.has(socket)) streams.sockets.receive(socket, message);
    else if (agents.peers.has(socket)) agents.receive(socket, message);
    else frames.receive(socket, message);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#present?.left(socket);
    answerClose(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#present?.left(socket);
  }

  override async alarm(): Promise<void> {
    try {
      if (!this.#isDeleted) await this.#opened().alarmRang();
    } catch (thrown) {
      // What it was about may be gone meanwhile.
      if (!this.#isDeleted) throw thrown;
    }
    await this.#deletion?.resume();
  }

  async #boot(): Promise<void> {
    // The subclass's fields are assigned after this constructor has returned.
    await Promise.resolve();
    this.#deletion = new SessionDeletion({
      ...this.#stores(),
      context: this.ctx,
      kind: this.kind,
      isOwned: this.access === "owned",
      name: () => this.#name,
      host: () => this.#host,
      may: (actor, action) => this.#may(actor, action),
      orphan: this[orphaned].bind(this),
      open: () => this.#open(),
      close: (reason) => this.#sql?.close(reason),
    });
    this.#name = this.#deletion.current?.name ?? this.ctx.id.name ?? "";
    if (!this.#isDeleted) await this.#open();
  }

  async #open(): Promise<void> {
    const { kind, ctx } = this;
    this.#sql = new DurableSql(ctx.storage);
    const kernel = Kernel.open(this.#sql, kind, this.#name, this.#definition(), Date.now());
    showOnConsole(kernel, (this.env as SessileBindings).SESSILE_CONSOLE_LEVEL);
    this.#name = kernel.committedView.name;
    const armedAt = await ctx.storage.getAlarm();
    this.#host = new SessionHost(ctx, kernel, kernel.definition.limits, this.#hooks(), armedAt);
    if (kernel.exists) await this.#start();
  }

  async #start(): Promise<void> {
    await this.onStart();
    this.#opened().start();
  }

  /** Addressing a session does not make it, its first use does: so an import finds the address free. */
  async #ready(maker: Maker): Promise<SessionHost> {
    const host = this.#live(maker);
    await this.#starting;
    return host;
  }

  #may(actor: Actor | null, action: Action): boolean {
    if (this.access === "owned") {
      const { access } = this.view;
      if (!mayAccess(access, actor?.id, "read")) throw noSuchSession();
      if (!mayAccess(access, actor?.id, action)) return false;
    }
    return this.authorize(actor, action);
  }

  /** Of whoever could not even read it, a policy says nothing here. */
  #mayApprove(actor: Actor | null): boolean {
    if (this.access === "owned" && !mayAccess(this.view.access, actor?.id, "read")) return false;
    return this.#may(actor, "approve");
  }

  #create({ actor, parent }: Maker): void {
    if (this.#name === "")
      throw new SessileError("bad_request", "Sessions are addressed by name.", { field: "name" });
    this.#opened().write(undefined, (writer) => {
      writer.create();
      if (this.access === "owned") writer.setAccess(actor ? { ownerId: actor.id } : {});
      if (parent) writer.adopt(parent);
      this.onCreate();
      writer.setLifecycle("active");
    });
  }

  #live(maker: Maker = { actor: null }): SessionHost {
    const host = this.#opened();
    if (!host.kernel.exists && !host.kernel.insideCommit) {
      this.#create(maker);
      this.#starting = this.ctx.blockConcurrencyWhile(() => this.#start());
    }
    return host;
  }

  get #isDeleted(): boolean {
    return (this.#deletion?.current ?? null) !== null;
  }

  /** Null where there is no session: what still arrives from peers of a deleted one makes none. */
  get #present(): SessionHost | null {
    return !this.#isDeleted && this.#host?.kernel.exists ? this.#host : null;
  }

  #opened(): SessionHost {
    if (this.#isDeleted && !this.#deletion?.isStaging) throw deletedError();
    if (!this.#host)
      throw new SessileError(
        "internal",
        "The session is used before it has started. Use onStart instead of the constructor.",
      );
    return this.#host;
  }

  #definition(): KindDefinition {
    return definitionOf(this, {
      validateState: (next, current) => this.validateState(next as State, current as State),
      validateEvent: (type, payload) => this.validateEvent(type, payload),
      method: (name) => {
        const method = findCallable(this, name);
        if (!method || method.isAsync) return null;
        return (...args) => this.#asCaller(this.#live().kernel.actor, () => method.run(...args));
      },
      gateSettled: (gate, outcome) =>
        this.#asCaller(this.#live().kernel.actor, () => this[settled](gate, outcome)),
      childReported: (report) => this.#asCaller(this.#live().kernel.actor, () => this[reported](report)),
      terminating: () => this[terminating](),
      accessChanged: () => this[accessChanged](),
      gateEscalated: (gate) => this.#asCaller(null, () => this.onGateEscalated(gate)),
      mayApprove: (actor) => this.#mayApprove(actor),
      hasSharedPolicies: this.gatePoliciesOf(this.env) !== null,
    });
  }

  #stores() {
    const { SESSILE_ARCHIVE: archive = null, SESSILE_PARTS: parts = null } = this.env as SessileBindings;
    return { record: this.recordOf(this.env), archive, parts };
  }

  #hooks(): SessionHooks {
    const { SESSILE_FEED: feed } = this.env as SessileBindings;
    return {
      ...this.#stores(),
      feed: feed ? (feed.getByName(directoryFeedName) as unknown as DirectoryFeedStub) : null,
      summarizer: this.summaries?.summarizer ?? null,
      voice: this.voice,
      gatePolicies: this.gatePoliciesOf(this.env),
      quotas: this.quotas && {
        policy: this.quotas,
        store: this.quotaStoreOf(this.env),
        sessionId: `${this.kind}/${this.#name}`,
      },
      description: this.describe() as DirectoryDescription,
      authorize: (actor, action) => this.#may(actor, action),
      findMethod: (name) => findCallable(this, name),
      findStreaming: (name) => findStreamingCallable(this, name),
      findWork: (name) => {
        if (name === reportWork) return this.#reports.work;
        return Object.hasOwn(this.works, name) ? (this.works[name] ?? null) : null;
      },
      onConnect: (peer) =>
        this.#guard("onConnect", () => this.#asCaller(peer.actor, () => this.onConnect(peer))),
      onDisconnect: (peer) => this.#guard("onDisconnect", () => this.onDisconnect(peer)),
      onSignal: (peer, signal) => this.onMessage(peer, signal),
      onTimer: (name, input) => this[rang](name, input),
      onCommit: (before, after) => this.#guard("onCommit", () => this.#onCommit(before, after)),
      expiry: this.expiry,
      mayExpire: (view) => this.mayExpire(view as SessionView<State>),
      // What deletes it begins once the alarm's other work is done.
      expire: () =>
        this.#deletion?.begin(this.access === "owned" ? (this.view.access?.ownerId ?? null) : null),
      neededFrom: () => this[neededFrom](),
      asCaller: (caller, body) => this.#asCaller(caller, body),
    };
  }

  #asCaller<T>(caller: Actor | null, body: () => T): T {
    const before = this.#caller;
    this.#caller = caller;
    try {
      return body();
    } finally {
      this.#caller = before;
    }
  }

  /** A hook that fails must not take the connection with it. */
  #guard(hook: string, body: () => void): void {
    try {
      body();
    } catch (thrown) {
      this.#live().report(`${hook} failed`, thrown);
    }
  }
}
