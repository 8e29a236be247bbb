import { SessileError } from "../protocol/error.ts";
import type { Limits } from "../protocol/limits.ts";
import { type TokenBucket, takeTokens } from "../protocol/token-bucket.ts";

/**
 * How fast each socket sends. In memory only: an object that hibernates has had a quiet time, in which every bucket filled up, save for
 * one whose burst takes longer than that to fill.
 */
export class PeerRates {
  readonly #limits: Limits;
  readonly #commands = new WeakMap<WebSocket, TokenBucket>();
  readonly #signals = new WeakMap<WebSocket, TokenBucket>();
  readonly #dropping = new WeakSet<WebSocket>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @throws SessileError `rate_limited`, which ends the connection: to drop some commands would lose their order */
  assertCommands(socket: WebSocket, count: number, now: number): void {
    const { bucket, taken, retryAfterMs } = takeTokens(
      this.#commands.get(socket),
      this.#limits.commandRate,
      now,
      count,
    );
    if (!taken) throw tooFast("commands", "commandRate", retryAfterMs);
    this.#commands.set(socket, bucket);
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
}

function tooFast(what: string, limit: keyof Limits, retryAfterMs: number): SessileError {
  return new SessileError("rate_limited", `More ${what} come from here than this session takes.`, {
    limit,
    retryAfterMs,
  });
}
