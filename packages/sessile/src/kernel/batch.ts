import type { Action } from "../protocol/access.ts";
import { SessileError } from "../protocol/error.ts";
import type { Actor, Commit, PackedEvent } from "../protocol/event.ts";
import type { GateOrigin } from "../protocol/gate.ts";
import type { Json } from "../protocol/json.ts";
import type { SystemEventPayloads, SystemEventType } from "../protocol/system-event.ts";
import { foldEvent, type SessionView } from "../protocol/view.ts";
import { type FoundEvent, foundIn } from "./log.ts";
import { type Parts, refersToParts } from "./parts.ts";
import { rememberChars, stateChange } from "./state-change.ts";

/** The command that runs, and whose it is. */
interface BegunCommand {
  readonly id: string | undefined;
  readonly actor: Actor | null;
  readonly origin?: GateOrigin | undefined;
  readonly rights?: readonly Action[] | undefined;
}

interface Mark {
  readonly events: number;
  readonly view: SessionView;
}

/**
 * The commit being made. Memory changes only here until the transaction has succeeded, so throwing a batch away is the
 * whole of rolling memory back. Tables beside the log are written at once, inside the open transaction.
 */
export class Batch {
  readonly firstSeq: number;
  readonly at: number;
  #view: SessionView;
  #actor: Actor | null = null;
  /** Whether the session's own code has said in whose name it writes. */
  #isAs = false;
  #command: BegunCommand = { id: undefined, actor: null };
  #commandStart = 0;
  /** The last change of the state in this batch: where it is, who made it, and what the view was before. */
  #stateBefore: { readonly index: number; readonly view: SessionView; readonly actor: Actor | null } | null =
    null;
  readonly #events: PackedEvent[] = [];
  readonly #actors: Actor[] = [];
  readonly #systemTypes = new Set<string>();
  readonly #parts: Parts;

  constructor(view: SessionView, now: number, parts: Parts) {
    this.#view = view;
    this.#parts = parts;
    this.firstSeq = view.lastSeq + 1;
    this.at = Math.max(now, view.updatedAt);
  }

  /** What commands of this batch see: their own writes and those before them. */
  get view(): SessionView {
    return this.#view;
  }

  get actor(): Actor | null {
    return this.#actor;
  }

  /** Client event id of the command that runs. */
  get commandId(): string | undefined {
    return this.#command.id;
  }

  /** What the command that runs came over. */
  get origin(): GateOrigin | undefined {
    return this.#command.origin;
  }

  /** What the worker lets whoever writes do; undefined for everything, and for anybody but the command's sender. */
  get rights(): readonly Action[] | undefined {
    return this.#isSender ? this.#command.rights : undefined;
  }

  /** Whether the session's own code writes, in nobody's name: not for a sender whom nobody knows. */
  get isOwn(): boolean {
    return this.#actor === null && !(this.#isSender && this.#command.origin !== undefined);
  }

  get size(): number {
    return this.#events.length;
  }

  /** Types of the system events that were written, also of those that were taken back. */
  get systemTypes(): ReadonlySet<string> {
    return this.#systemTypes;
  }

  get lastSeq(): number {
    return this.firstSeq + this.#events.length - 1;
  }

  get #isSender(): boolean {
    const { actor } = this.#command;
    // Nobody is not the anonymous sender if the session's own code said so.
    return this.#actor === null ? actor === null && !this.#isAs : this.#actor.id === actor?.id;
  }

  /** Begins one command: its first event will carry its id. */
  begin(command: BegunCommand): void {
    this.#command = command;
    this.#actor = command.actor;
    this.#commandStart = this.#events.length;
  }

  /** Runs part of a command in somebody's name; undefined keeps the command's own. */
  as<T>(actor: Actor | null | undefined, body: () => T): T {
    if (actor === undefined) return body();
    const [before, wasAs] = [this.#actor, this.#isAs];
    this.#actor = actor;
    this.#isAs = true;
    try {
      return body();
    } finally {
      this.#actor = before;
      this.#isAs = wasAs;
    }
  }

  /** Seq of the current command's first event, or of the session if it wrote none. */
  commandSeq(): number {
    return this.#events.length > this.#commandStart ? this.firstSeq + this.#commandStart : this.lastSeq;
  }

  /** Keeps a command's answer with its first event, for repeats. A command that wrote nothing is a read and keeps none. */
  keepResult(result: Json | undefined): void {
    const first = this.#events[this.#commandStart];
    if (result !== undefined && first) this.#events[this.#commandStart] = { ...first, result };
  }

  emit(type: string, payload: Json | undefined): number {
    const event: { -readonly [Key in keyof PackedEvent]: PackedEvent[Key] } = { type };
    const { id, actor: sender } = this.#command;
    const carriesId = id !== undefined && this.#events.length === this.#commandStart;
    // The event that carries the id names its sender, whoever else the kind writes it for: an id belongs to who sent it.
    const by = carriesId ? sender : this.#actor;
    if (by) event.by = this.#actorIndex(by);
    if (carriesId) event.clientEventId = id;
    if (payload !== undefined) event.payload = payload;
    this.#events.push(event);
    this.#view = foldEvent(this.#view, event, this.lastSeq, this.at);
    return this.lastSeq;
  }

  /**
   * The state becomes `next`. Changes of one command that follow each other are one event.
   *
   * @throws SessileError `limit_exceeded`
   */
  changeState(next: Json, maxChars: number): number {
    const before = this.#stateBefore;
    const last = this.#events.length - 1;
    const follows =
      before !== null && before.index === last && last >= this.#commandStart && before.actor === this.#actor;
    const view = follows ? before.view : this.#view;
    const seq = follows ? this.lastSeq : this.lastSeq + 1;
    // It may be refused, and whoever catches that keeps the change before it.
    const change = stateChange(view, next, seq, maxChars);
    if (follows) {
      this.#events.length = last;
      this.#view = view;
      this.#parts.takeBack(seq);
    }
    this.#stateBefore = { index: this.#events.length, view, actor: this.#actor };
    this.emitSystem("state.changed", change.payload);
    rememberChars(this.#view.state, change.chars);
    return seq;
  }

  emitSystem<Type extends SystemEventType>(type: Type, payload: SystemEventPayloads[Type]): number {
    this.#systemTypes.add(type);
    const packed = { type, payload: payload as unknown as Json };
    const seq = this.emit(type, packed.payload);
    if (refersToParts(packed)) this.#parts.refer(packed.payload, seq);
    return seq;
  }

  /** Who an event of this batch names. */
  actorOf(seq: number): Actor | null {
    const by = this.#events[seq - this.firstSeq]?.by;
    return by === undefined ? null : (this.#actors[by] ?? null);
  }

  /** An event of this very batch that carries `id`. Walks the batch: only ids that may be repeats are looked for. */
  find(id: string): FoundEvent | null {
    for (const [index, event] of this.#events.entries()) {
      if (event.clientEventId === id) return foundIn(this.toCommit(), index, event);
    }
    return null;
  }

  mark(): Mark {
    return { events: this.#events.length, view: this.#view };
  }

  /** Takes back one failed command. Its table writes are taken back by the nested transaction around it. */
  rollbackTo(mark: Mark): void {
    this.#events.length = mark.events;
    this.#view = mark.view;
    this.#stateBefore = null;
  }

  toCommit(): Commit {
    if (this.#events.length === 0) throw new SessileError("internal", "An empty batch is no commit.");
    return { firstSeq: this.firstSeq, at: this.at, actors: this.#actors, events: this.#events };
  }

  #actorIndex(actor: Actor): number {
    for (let index = 0; index < this.#actors.length; index++) {
      const known = this.#actors[index] as Actor;
      if (known === actor || (known.id === actor.id && known.name === actor.name)) return index;
    }
    this.#actors.push(actor);
    return this.#actors.length - 1;
  }
}
