import { SessileError } from "../../protocol/error.ts";
import type { Limits } from "../../protocol/limits.ts";
import { type TokenBucket, takeTokens } from "../../protocol/token-bucket.ts";

/**
 * How fast each socket sends. In memory only: an object that hibernates has had a quiet time, in which every bucket filled up, save for
 * one whose burst takes longer than that to fill.
 */
export class PeerRates {
  readonly #limits: Limits;
  readonly #commands = new WeakMap<WebSocket, TokenBucket>();
  /** What is neither a command nor a signal. */
  readonly #others = new WeakMap<WebSocket, TokenBucket>();
  readonly #signals = new WeakMap<WebSocket, TokenBucket>();
  readonly #joins = new WeakMap<WebSocket, TokenBucket>();
  readonly #dropping = new WeakSet<WebSocket>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws SessileError `rate_limited`, which ends the connection: to drop some commands would lose their order */
  assertCommands(socket: WebSocket, count: number, now: number): void {
    this.#assert(this.#commands, socket, count, now);
  }

  /**
   * Counts a frame of another sort by itself: after a greeting the bucket of commands must still be full, or those that take all of it
   * would be refused on every connection again.
   *
   * @throws SessileError `rate_limited`
   */
  assertOther(socket: WebSocket, now: number): void {
    this.#assert(this.#others, socket, 1, now);
  }

  /**
   * Whether a signal goes on. One that comes too fast is dropped, and the first of a row is answered.
   *
   * @param complain called with `rate_limited`
   */
  passesSignal(socket: WebSocket, now: number, complain: (error: SessileError) => void): boolean {
    const { bucket, taken, retryAfterMs } = takeTokens(
      this.#signals.get(socket),
      this.#limits.signalRate,
      now,
    );
    this.#signals.set(socket, bucket);
    if (taken) this.#dropping.delete(socket);
    else if (!this.#dropping.has(socket)) {
      this.#dropping.add(socket);
      complain(tooFast("signals", "signalRate", retryAfterMs));
    }
    return taken;
  }

  /**
   * Whether somebody may join the call. Counted by itself: whoever sends signals all the time must get in, too.
   *
   * @param refuse called with `rate_limited`, each time: somebody waits for an answer
   */
  passesJoin(socket: WebSocket, now: number, refuse: (error: SessileError) => void): boolean {
    const { bucket, taken, retryAfterMs } = takeTokens(this.#joins.get(socket), this.#limits.signalRate, now);
    this.#joins.set(socket, bucket);
    if (!taken) refuse(tooFast("joins", "signalRate", retryAfterMs));
    return taken;
  }

  #assert(buckets: WeakMap<WebSocket, TokenBucket>, socket: WebSocket, count: number, now: number): void {
    const { commandRate } = this.#limits;
    const { bucket, taken, retryAfterMs } = takeTokens(buckets.get(socket), commandRate, now, count);
    if (!taken) throw tooFast("commands", "commandRate", retryAfterMs);
    buckets.set(socket, bucket);
  }
}

function tooFast(what: string, limit: keyof Limits, retryAfterMs: number): SessileError {
  return new SessileError("rate_limited", `More ${what} come from here than this session takes.`, {
    limit,
    retryAfterMs,
  });
}
