import {
  type Ack,
  assertJson,
  type Command,
  formatProducerPosition,
  type Json,
  SessileError,
} from "../../protocol/index.ts";
import { maxCommandsPerFrame, maxFrameChars } from "../../protocol/limits.ts";

/** How a command ended well. */
export interface CommandResult<Result = Json | undefined> {
  /** Seq of the command's first event, or of the session if it wrote none. */
  readonly seq: number;
  /** True when an earlier delivery of the same command did the work. */
  readonly repeated: boolean;
  readonly result: Result;
}

/** A command whose effect is not in the events yet, for an optimistic display. */
export interface PendingCommand {
  readonly id: string;
  readonly command: Command;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
}

export interface OutboxOptions {
  /** Identity of this client's commands; must not be shared by two running clients. */
  readonly producer: string;
  /** Higher than before when the same producer starts again, which fences the old one. */
  readonly epoch: number;
  /** Commands that may wait for their answer; one more is refused. */
  readonly maxQueued: number;
  /** Default: none, commands live as long as the client. */
  readonly keeper?: OutboxKeeper | undefined;
}

/** A command on its way. */
export interface QueuedCommand {
  readonly id: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
}

/** Keeps commands somewhere else too. None leaves before it is said to be `stored`. */
export interface OutboxKeeper {
  /** @throws SessileError `limit_exceeded` for a command there is no room for */
  admit(chars: number): void;
  added(command: QueuedCommand): void;
  /** For good: of a refusal worth repeating nothing is told. */
  answered(id: string, outcome: CommandResult | SessileError): void;
}

/** A command that is not answered. */
export interface Entry {
  /** Whether somebody makes the command anew if it is refused for its version. */
  readonly isRetried: boolean;
  readonly id: string;
  /** Serialised once, when it is queued: a later change of the caller's object does not reach the wire. */
  readonly text: string;
  /** It may leave. */
  isStored: boolean;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: SessileError) => void;
  /** Marks a rejection as known, for a caller that closed the client on purpose and waits for nothing. */
  readonly hush: () => void;
}

/** A pending command, made from its text only if somebody looks. */
export interface Shown extends QueuedCommand {
  item: PendingCommand | null;
}

function show(shown: Shown): PendingCommand {
  const { id, text, queuedAt } = shown;
  shown.item ??= Object.freeze({ id, command: JSON.parse(text) as Command, queuedAt });
  return shown.item;
}

const maxOvertaken = 16;
const frameHead = '{"t":"do","commands":[';
const frameTail = "]}";
/** Wait before a retry when the server names none. */
const defaultRetryMs = 1_000;
/** Characters of one frame; a single longer command goes alone. */
export const maxPackedChars = 1024 * 1024;

/**
 * Commands from the moment they are given until they are answered. They leave in order, many to a frame, keep their id
 * through every resend, and are answered once. Passive: it is told when to send and what came back.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** In the order they leave in. */
  protected unanswered = new Map<string, Entry>();
  /** Those of `unanswered` that are not on their way, in the same order. */
  protected unsent: Entry[] = [];
  /** What the events do not show yet, and the seq that will show it once answered. */
  protected shown = new Map<string, Shown>();
  readonly #echoes = new Map<string, number>();
  protected shownList: readonly PendingCommand[] | null = [];
  #overtaken: readonly PendingCommand[] = Object.freeze([]);
  #nextN = 0;
  #retryAt: number | null = null;
  /** After a loss, commands of the frame that goes first; null: nothing waits for it. */
  #first: ReadonlySet<string> | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Unanswered commands. */
  get size(): number {
    return this.unanswered.size;
  }

  /** When a refused command may be sent again, or null. */
  get retryAt(): number | null {
    return this.#retryAt;
  }

  /** Own states that were refused because others had written, newest last. The same array until it changes. */
  get overtaken(): readonly PendingCommand[] {
    return this.#overtaken;
  }

  /** The same array until it changes. */
  get pending(): readonly PendingCommand[] {
    this.shownList ??= Object.freeze(Array.from(this.shown.values(), show));
    return this.shownList;
  }

  /**
   * Takes a command in.
   *
   * @param ended hears the outcome in the turn of its answer, which the promise tells later
   * @throws SessileError `limit_exceeded` when full or too long, `bad_request` for a value JSON cannot hold
   */
  add(
    command: Command,
    now: number,
    ended?: (outcome: CommandResult | SessileError) => void,
  ): Promise<CommandResult> {
    if (this.unanswered.size >= this.#options.maxQueued) {
      const message = `${this.#options.maxQueued} commands already wait for an answer. Wait for some before sending more.`;
      throw new SessileError("limit_exceeded", message, { limit: "maxQueued" });
    }
    const value: unknown = command;
    assertJson(value, "command");
    const n = this.#nextN;
    const id = formatProducerPosition({ producer: this.#options.producer, epoch: this.#options.epoch, n });
    const text = JSON.stringify({ ...command, id });
    if (text.length + frameHead.length + frameTail.length > maxFrameChars) {
      throw new SessileError(
        "limit_exceeded",
        "The command is too long for one frame. Send its content in smaller pieces.",
        { limit: "maxFrameChars" },
      );
    }
    const { keeper } = this.#options;
    keeper?.admit(text.length);
    this.#nextN = n + 1;
    this.shown.set(id, { id, text, queuedAt: now, item: null });
    this.shownList = null;
    const promise: Promise<CommandResult> = new Promise((resolve, reject) => {
      const hush = () => void promise.catch(() => {});
      const entry: Entry = {
        isRetried: ended !== undefined,
        id,
        text,
        isStored: keeper === undefined,
        resolve: (result) => {
          ended?.(result);
          resolve(result);
        },
        reject: (error) => {
          ended?.(error);
          reject(error);
        },
        hush,
      };
      this.unanswered.set(id, entry);
      this.unsent.push(entry);
    });
    keeper?.added({ id, text, queuedAt: now });
    return promise;
  }

  /**
   * The frames to send now, each bounded in commands and length. Empty while a refusal is waited out. After a loss it is one, and the
   * others wait for an answer to it: a connection that is ended for sending too fast brings the client further all the same.
   */
  take(now: number): string[] {
    if (this.#retryAt !== null && now < this.#retryAt) return [];
    this.#retryAt = null;
    const first = this.#first;
    if (first && [...first].some((id) => this.unanswered.has(id))) return [];
    this.#first = null;
    const frames: string[] = [];
    const later: Entry[] = [];
    const sent: string[] = [];
    let texts: string[] = [];
    let chars = 0;
    for (const [index, entry] of this.unsent.entries()) {
      const { id, text } = entry;
      if (!this.unanswered.has(id)) continue;
      if (!entry.isStored) {
        later.push(entry);
        continue;
      }
      const isFull = texts.length >= maxCommandsPerFrame || chars + text.length > maxPackedChars;
      if (isFull && texts.length > 0) {
        frames.push(frameHead + texts.join(",") + frameTail);
        texts = [];
        chars = 0;
        if (first) {
          later.push(...this.unsent.slice(index));
          this.#first = new Set(sent);
          break;
        }
      }
      sent.push(id);
      texts.push(text);
      chars += text.length + 1;
    }
    if (texts.length > 0) frames.push(frameHead + texts.join(",") + frameTail);
    this.unsent = later;
    return frames;
  }

  /** The socket is gone: whatever is unanswered may or may not have arrived, so all of it goes again, in order. */
  detached(): void {
    this.unsent = [...this.unanswered.values()];
    this.#retryAt = null;
    this.#first = new Set();
  }

  /**
   * Takes in answers. Refusals worth repeating stay queued.
   *
   * @param lastSeq seq up to which events have been taken in
   */
  settle(acks: readonly Ack[], lastSeq: number, now: number): void {
    const refused: Entry[] = [];
    for (const ack of acks) {
      const entry = this.unanswered.get(ack.id);
      if (!entry) continue;
      if ("error" in ack) {
        const error = SessileError.fromWire(ack.error);
        if (error.retryable) {
          refused.push(entry);
          this.#retryAt = Math.max(this.#retryAt ?? 0, now + (error.details.retryAfterMs ?? defaultRetryMs));
          continue;
        }
        if (error.code === "precondition_failed" && !entry.isRetried) this.#keepOvertaken(ack.id);
        this.forget(ack.id);
        this.#answered(entry, error);
      } else {
        if (ack.seq <= lastSeq) this.forget(ack.id);
        else if (this.shown.has(ack.id)) this.#echoes.set(ack.id, ack.seq);
        this.#answered(entry, { seq: ack.seq, repeated: ack.repeated === true, result: ack.result });
      }
      this.unanswered.delete(ack.id);
    }
    if (refused.length > 0) {
      this.unsent = [...new Set([...this.unsent, ...refused])];
      this.sortUnsent();
    }
    if (!acks.some(({ id }) => this.#first?.has(id))) return;
    this.#first = null;
    this.#retryAt = Math.max(this.#retryAt ?? 0, now);
  }

  /** An event that carries one of our ids shows the command's effect; the answer is still owed. */
  seen(clientEventId: string | null): void {
    if (clientEventId !== null && this.shown.has(clientEventId)) this.forget(clientEventId);
  }

  /** Events up to `lastSeq` have been taken in. */
  reached(lastSeq: number): void {
    for (const [id, seq] of this.#echoes) if (seq <= lastSeq) this.forget(id);
  }

  /**
   * Ends every promise with the same error. Nothing is resent afterwards.
   *
   * @param isExpected true when nobody need be told of rejections that nobody awaits
   */
  fail(error: SessileError, isExpected: boolean): void {
    const entries = [...this.unanswered.values()];
    this.unanswered.clear();
    this.unsent = [];
    this.shown.clear();
    this.#echoes.clear();
    this.shownList = null;
    this.#retryAt = null;
    for (const entry of entries) {
      if (isExpected) entry.hush();
      entry.reject(error);
    }
  }

  #answered(entry: Entry, outcome: CommandResult | SessileError): void {
    if (outcome instanceof SessileError) entry.reject(outcome);
    else entry.resolve(outcome);
    this.#options.keeper?.answered(entry.id, outcome);
  }

  protected sortUnsent(): void {
    const unsent = new Set(this.unsent);
    this.unsent = [...this.unanswered.values()].filter((entry) => unsent.has(entry));
  }

  /** The newest of them: whoever wrote them while nobody was there to see the refusal may want to look at them. */
  #keepOvertaken(id: string): void {
    const shown = this.shown.get(id);
    if (!shown) return;
    const item = show(shown);
    if (item.command.op === "setState")
      this.#overtaken = Object.freeze([...this.#overtaken, item].slice(-maxOvertaken));
  }

  protected forget(id: string): void {
    this.shown.delete(id);
    this.#echoes.delete(id);
    this.shownList = null;
  }
}
