import {
  type DueTimer,
  gateDuePrefix,
  type Kernel,
  type LogLevel,
  type LogPage,
  partsDueId,
  policyDuePrefix,
  type StoredCommit,
  streamsDueId,
  type Task,
  type Transaction,
  type Writer,
} from "../kernel/index.ts";
import { closeCodes } from "../protocol/close-code.ts";
import type { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { AgentsFace } from "./agents/agents-face.ts";
import { Alarm } from "./alarm.ts";
import { ClientFrames } from "./client-frames.ts";
import { type Clock, platformClock } from "./clock.ts";
import { CommandIntake } from "./command-intake.ts";
import { DueRunner } from "./due-runner.ts";
import { SharedPolicies } from "./gates/shared-policies.ts";
import { Archiver, archiveDueId } from "./keeping/archiver.ts";
import { ExpiryWatch, expiryDueId } from "./keeping/expiry-watch.ts";
import { PartStore } from "./keeping/part-store.ts";
import { SnapshotSealer, snapshotDueId } from "./keeping/snapshot-sealer.ts";
import { letOut } from "./let-out.ts";
import { Peers } from "./peers.ts";
import { Presence } from "./presence.ts";
import { Ledger } from "./recording/ledger.ts";
import { type LogReader, MirrorRunner, mirrorDueId } from "./recording/mirror-runner.ts";
import type { SessionHooks } from "./session-hooks.ts";
import { StreamHost } from "./streams/stream-host.ts";
import { SummaryMaker, summaryDuePrefix } from "./summaries/summary-maker.ts";
import { type Acks, MirrorVisibility, type Visibility } from "./visibility.ts";
import { VoiceHost } from "./voice/voice-host.ts";
import { workHostOf } from "./works/work-host.ts";
import { WorkRunner } from "./works/work-runner.ts";
import { writeReport } from "./write-report.ts";

const workLeaseId = "work:lease";
const workLeaseMs = 10_000;

/**
 * Turns the platform's events into kernel calls, and commits into frames, alarms and mirror runs. Holds no rule of its
 * own: what a session may do is decided in the kernel.
 */
export class SessionHost {
  readonly kernel: Kernel;
  readonly peers: Peers;
  readonly frames: ClientFrames;
  /** Agents SDK clients. */
  readonly agents: AgentsFace;
  readonly intake: CommandIntake;
  readonly archiver: Archiver;
  readonly summaries: SummaryMaker;
  readonly parts: PartStore;
  readonly streams: StreamHost;
  readonly voice: VoiceHost;
  /** What anybody outside may see. */
  readonly visible: Visibility;
  readonly #hooks: SessionHooks;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #due: DueRunner;
  readonly #work: WorkRunner;
  readonly #presence: Presence;
  readonly #sealer: SnapshotSealer;
  readonly #expiry: ExpiryWatch;
  readonly #policies: SharedPolicies;
  /** Runs that put something into a bucket. */
  readonly #putting = new Set<Promise<void>>();

  constructor(
    context: DurableObjectState,
    kernel: Kernel,
    limits: Limits,
    hooks: SessionHooks,
    armedAt: number | null,
    clock: Clock = platformClock,
  ) {
    this.kernel = kernel;
    this.#hooks = hooks;
    this.#clock = clock;
    this.peers = new Peers(context, limits);
    this.#presence = new Presence(this.peers, clock, () => this.agents.peers.all);
    this.#alarm = new Alarm(context.storage, kernel.due, armedAt);
    this.#due = new DueRunner({
      due: kernel.due,
      clock,
      run: (timer) => this.#runDue(timer),
      report: (message, thrown) => this.report(message, thrown),
      rearm: () => this.#alarm.rearm(clock.now()),
    });
    this.visible = this.#visibility(context, limits);
    this.archiver = new Archiver({
      kernel,
      retention: kernel.definition.retention ?? null,
      bucket: hooks.archive ?? null,
      recordedSeq: () => this.visible.archivableTo(),
      neededFrom: () => hooks.neededFrom?.() ?? null,
    });
    this.parts = new PartStore(kernel, hooks.parts ?? null);
    this.streams = this.#streamHost(context, limits);
    this.#sealer = new SnapshotSealer({
      kernel,
      policy: kernel.definition.snapshots ?? null,
      seal: () => this.seal(),
      report: (message, thrown) => this.report(message, thrown),
    });
    this.summaries = this.#summaryMaker();
    this.#expiry = new ExpiryWatch({
      kernel,
      hasPeers: () => this.peers.sockets.length + this.agents.peers.size + this.streams.sockets.size > 0,
      hooks,
    });
    this.#policies = new SharedPolicies(kernel, hooks, clock, (body) => this.write(null, body));
    this.#work = new WorkRunner(workHostOf(this, hooks), clock);
    this.intake = new CommandIntake({
      kernel,
      limits,
      clock,
      hooks,
      send: (socket, acks) => this.peers.sendText(socket, `{"t":"commit","acks":${acks}}`),
      committed: (transaction, acks) => this.#published(transaction, acks),
      refusal: () => this.visible.refusal,
      whenShown: (settle) => this.visible.whenShown(settle),
      report: (message, thrown) => this.report(message, thrown),
      tellQuota: (socket, quota) => this.peers.send(socket, { t: "quota", quota }),
      disconnect: (socket, error) => this.#disconnect([socket], error),
      abort: (thrown) => context.abort(String(thrown)),
    });
    const presenceChanged = () => this.#presence.changed();
    this.agents = new AgentsFace({ context, limits, hooks, clock, session: this, presenceChanged });
    this.voice = this.#voiceHost(limits);
    this.frames = new ClientFrames({
      kernel,
      visible: this.visible,
      peers: this.peers,
      voice: this.voice,
      limits,
      hooks,
      now: () => clock.now(),
      takeCommands: (socket, commands, chars) =>
        this.intake.fromSocket(socket, this.peers.get(socket) ?? { actor: null }, commands, chars),
      presenceChanged,
      signalled: (from, signal) => this.agents.signalled(from, signal),
      readArchived: (after) => this.archiver.readAfter(after, Number.POSITIVE_INFINITY),
    });
  }

  /** What an instance does once it is awake: it goes on with the work its predecessor left. */
  start(): void {
    this.visible.start(this.#clock.now());
    this.summaries.start();
    this.#expiry.start(this.#clock.now());
    this.streams.start(this.#clock.now());
    this.#work.reconcile();
    this.#alarm.rearm(this.#clock.now());
  }

  /** A write of the session's own code, joining the open commit if there is one. */
  write<T>(actor: Actor | null | undefined, body: (writer: Writer) => T): T {
    if (this.visible.writeRefusal) throw this.visible.writeRefusal;
    const { value, transaction } = this.kernel.write(actor, this.#clock.now(), body);
    if (transaction) this.#published(transaction, new Map());
    return value;
  }

  /** Tasks as a commit of their own. */
  transact(tasks: readonly Task[]): Transaction {
    if (this.visible.writeRefusal) throw this.visible.writeRefusal;
    const transaction = this.kernel.transact(tasks, this.#clock.now());
    this.#published(transaction, new Map());
    return transaction;
  }

  /** A page of the log as far as it is shown, wherever it lies. */
  readAfter(after: number, maxEvents: number): Promise<LogPage> | LogPage {
    if (this.kernel.archive.holding(after)) return this.archiver.readAfter(after, maxEvents);
    return this.visible.readAfter(after, maxEvents);
  }

  /** Resolves when everything committed up to now is shown. */
  shown(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.visible.whenShown((failure) => (failure ? reject(failure) : resolve())),
    );
  }

  /** The session is no more: whoever waits is told so. */
  end(reason: SessileError): void {
    this.visible.end(reason);
    this.streams.end(reason);
  }

  /** Resolves when nothing is on its way to a bucket any more. */
  async atRest(): Promise<void> {
    await Promise.allSettled(this.#putting);
  }

  /** Seals what the last snapshot has not; null if there is nothing. */
  seal(): Snapshot | null {
    const snapshot = this.write(null, (writer) => writer.sealSnapshot());
    this.archiver.sealed(this.#clock.now());
    this.#alarm.rearm(this.#clock.now());
    return snapshot;
  }

  /** Another log has taken this one's place: nothing in memory that was about the old one may stay. */
  restart(): void {
    this.voice.restart();
    for (const peers of [this.peers, this.agents.peers]) peers.closeAll("The session was imported.");
    this.streams.restart(this.#clock.now());
    this.visible.restart(this.#clock.now());
    this.#sealer.restart();
    this.parts.restart(this.#clock.now());
    this.#leaseWork();
  }

  /** A piece of a part on its way in. */
  stagePart(uploadId: string, chunk: number, data: ArrayBuffer, importing?: boolean): void {
    this.kernel.parts.stage(uploadId, chunk, data, this.#clock.now(), importing);
    this.#alarm.rearm(this.#clock.now());
  }

  /** @returns whether the part was not there before */
  finishPart(uploadId: string, hash: string, bytes: number, mediaType: string): boolean {
    return this.kernel.parts.finish(uploadId, hash, bytes, mediaType, this.#clock.now());
  }

  left(socket: WebSocket): void {
    if (this.agents.left(socket)) {
      this.#presence.changed();
      return;
    }
    this.streams.sockets.left(socket);
    const peer = this.peers.left(socket);
    this.voice.left(socket);
    // Of one that never said hello nobody has heard.
    if (!peer || peer.phase === "greeting") return;
    this.#hooks.onDisconnect(peer);
    this.#presence.changed();
  }

  alarmRang(): Promise<void> {
    this.#alarm.rang();
    return this.#due.run();
  }

  report(message: string, thrown: unknown, level: LogLevel = "error"): void {
    writeReport(this.kernel.operatorLog, this.#clock.now(), level, message, thrown);
  }

  #visibility(context: DurableObjectState, limits: Limits): Visibility {
    const { kernel } = this;
    const hooks = this.#hooks;
    const waitUntil = (promise: Promise<unknown>) => context.waitUntil(promise);
    const rearm = () => this.#alarm.rearm(this.#clock.now());
    const readLog: LogReader = (after, maxChars) =>
      kernel.archive.holding(after)
        ? this.archiver.readAfter(after, Number.POSITIVE_INFINITY)
        : kernel.log.readAfter(after, maxChars);
    const broadcast = (commits: readonly StoredCommit[], acks: Acks) => {
      this.peers.broadcast(commits, acks, kernel.view.createdAt);
      this.agents.shown(commits);
      this.streams.shown(commits);
    };
    if (kernel.definition.durability !== "ledger")
      return new MirrorVisibility(
        kernel,
        new MirrorRunner(kernel, hooks, readLog, waitUntil, rearm),
        hooks.record !== null,
        broadcast,
      );
    return new Ledger({
      kernel,
      limits,
      clock: this.#clock,
      hooks,
      broadcast,
      readLog,
      waitUntil,
      sockets: () => [...this.peers.sockets, ...this.agents.peers.sockets],
      disconnect: (sockets, error) => this.#disconnect(sockets, error),
      abort: (thrown) => context.abort(String(thrown)),
      rearm,
    });
  }

  #streamHost(context: DurableObjectState, limits: Limits): StreamHost {
    return new StreamHost({
      context,
      kernel: this.kernel,
      limits,
      clock: this.#clock,
      visible: this.visible,
      readAfter: (after) => this.readAfter(after, Number.POSITIVE_INFINITY),
      commit: (tasks) => this.transact(tasks),
      write: (body) => this.write(null, body),
    });
  }

  #voiceHost(limits: Limits): VoiceHost {
    return new VoiceHost({
      settings: this.#hooks.voice ?? null,
      peers: this.peers,
      limits,
      clock: this.#clock,
      hooks: this.#hooks,
      refusal: () => this.visible.refusal,
      write: (actor, body) => this.write(actor, body),
      isActive: () => this.kernel.committedView.lifecycle === "active",
      insideCommit: () => this.kernel.insideCommit,
      shown: () => this.shown(),
      report: (message, thrown) => this.report(message, thrown, "warn"),
    });
  }

  #summaryMaker(): SummaryMaker {
    const { kernel } = this;
    return new SummaryMaker({
      kernel,
      policy: kernel.definition.summaries ?? null,
      summarizer: this.#hooks.summarizer ?? null,
      clock: this.#clock,
      shownView: () => this.visible.view,
      readAfter: (after, maxEvents) => this.readAfter(after, maxEvents),
      refusal: () => this.visible.refusal,
      write: (body) => void this.write(null, body),
      report: (message, thrown) => this.report(message, thrown, "warn"),
      rearm: () => this.#alarm.rearm(this.#clock.now()),
    });
  }

  #disconnect(sockets: Iterable<WebSocket>, error: SessileError): void {
    for (const socket of sockets) {
      if (this.agents.peers.end(socket, closeCodes.restart, error.message)) continue;
      this.peers.fail(socket, error, closeCodes.restart);
    }
  }

  #published(transaction: Transaction, acks: Acks): void {
    const { stored, before, after } = transaction;
    const disconnect = before.access === after.access ? null : letOut(this, after.access);
    const isShown = this.visible.publish(transaction, acks, this.#clock.now());
    for (const authorId of this.kernel.drafts.takeTouched())
      this.visible.whenShown(() =>
        this.peers.sendTo(authorId, { t: "draft", draft: this.kernel.drafts.of(authorId) }),
      );
    if (after.lifecycle !== before.lifecycle && after.lifecycle !== "active") this.voice.closeRoom();
    if (disconnect) {
      disconnect();
      this.#presence.changed();
    }
    if (stored) {
      if (before.work !== after.work) this.#leaseWork();
      if (isShown) this.#hooks.onCommit(before, after);
      this.#sealer.committed(stored, after, this.#clock.now());
      this.summaries.committed(stored, before, after, this.#clock.now());
      // What a run still needed may go, and nothing is sealed any more that would say so.
      if (after.lifecycle === "terminated") this.archiver.sealed(this.#clock.now());
      this.parts.referred(this.#clock.now());
    }
    this.#alarm.rearm(this.#clock.now());
  }

  async #runDue(timer: DueTimer): Promise<void> {
    if (timer.timerId === mirrorDueId) return this.visible.rang(this.#clock.now());
    if (timer.timerId === workLeaseId) return this.#leaseWork();
    if (timer.timerId === expiryDueId) return this.#expiry.rang(this.#clock.now());
    if (timer.timerId === archiveDueId) return this.#put(this.archiver.run(this.#clock.now()));
    if (timer.timerId === partsDueId) return this.#put(this.parts.run(this.#clock.now()));
    if (timer.timerId === streamsDueId) return this.streams.expire();
    if (timer.timerId === snapshotDueId) return this.#sealer.rang(this.#clock.now());
    if (timer.timerId.startsWith(summaryDuePrefix)) return this.summaries.rang(timer);
    if (timer.timerId.startsWith(policyDuePrefix)) return this.#policies.rang(timer.timerId);
    if (timer.timerId.startsWith(gateDuePrefix))
      return this.write(null, (writer) => writer.gateRang(timer.timerId.slice(gateDuePrefix.length)));
    await this.#hooks.onTimer(timer.name, timer.input);
    this.write(null, (writer) => writer.fireTimer(timer));
  }

  #put(run: Promise<void>): Promise<void> {
    this.#putting.add(run);
    return run.finally(() => this.#putting.delete(run));
  }

  /** While work runs an alarm stands, so that an instance that dies in the middle has a successor. */
  #leaseWork(): void {
    this.#work.reconcile();
    if (Object.keys(this.kernel.committedView.work).length > 0)
      this.kernel.due.put(workLeaseId, this.#clock.now() + workLeaseMs);
    else this.kernel.due.drop(workLeaseId);
  }
}
