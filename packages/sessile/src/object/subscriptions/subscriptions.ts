import { SessileError } from "../../protocol/error.ts";
import {
  type StreamReport,
  type StreamStanding,
  type SubscribedStream,
  type SubscriptionConfig,
  type SubscriptionView,
  subscriptionLimits,
  type WakeAnswer,
} from "../../protocol/stream-subscription.ts";
import type { SubscriptionRow, SubscriptionTable } from "./subscription-table.ts";

type SubscriptionLimits = { readonly [Name in keyof typeof subscriptionLimits]: number };

export interface SubscriptionsOptions {
  readonly table: SubscriptionTable;
  /** A text nobody can guess. */
  readonly randomId: () => string;
  readonly limits?: Partial<SubscriptionLimits>;
}

/** Which wake a token was given for. */
export interface WakeToken {
  readonly incarnation: string;
  readonly generation: number;
  readonly wakeId: string;
}

/** One attempt to tell of a wake. */
export interface Delivery extends WakeToken {
  readonly id: string;
  readonly config: SubscriptionConfig;
  readonly origin: string;
  readonly startedAt: number;
  /** How things stood; what an answer "done" acknowledges. */
  readonly streams: readonly SubscribedStream[];
  /** The stream that a wake event names. */
  readonly trigger: string;
}

export type DeliveryOutcome = "accepted" | "done" | "failed";

/** How long a delivery may take; for a webhook also not longer than its lease. */
export const deliveryTimeoutMs = 60_000;
const firstRetryMs = 1000;
const lastRetryMs = 60_000;
const jitterShare = 0.2;

/** A wake that is over: nobody holds it, nothing of it is sent any more. */
const idle = { wakeId: null, holder: null, leaseUntil: null, attempts: 0, attemptAt: null, inFlight: false };

/**
 * Subscriptions to streams: which streams they are linked to, how far each has been processed, and the one wake that a subscription
 * has under way at a time. Synchronous, and told the time; who sends what where is not its business.
 */
export class Subscriptions {
  readonly #table: SubscriptionTable;
  readonly #randomId: () => string;
  readonly #limits: SubscriptionLimits;

  constructor({ table, randomId, limits }: SubscriptionsOptions) {
    this.#table = table;
    this.#randomId = randomId;
    this.#limits = { ...subscriptionLimits, ...limits };
  }

  /** @returns whether it is new. @throws SessileError `conflict` if another has this id, `limit_exceeded` */
  put(id: string, config: SubscriptionConfig, origin: string, now: number): boolean {
    const table = this.#table;
    return table.transaction(() => {
      const known = table.find(id);
      if (known) {
        if (JSON.stringify(known.config) !== JSON.stringify(config))
          throw new SessileError(
            "conflict",
            "There is a subscription of this id with another configuration.",
            {
              reason: "SUBSCRIPTION_ALREADY_EXISTS",
            },
          );
        // Whoever confirms it may have moved the server to another address.
        if (known.origin !== origin) table.save({ ...known, origin });
        return false;
      }
      const { maxSubscriptions, maxSubscribedStreams } = this.#limits;
      if (table.count() >= maxSubscriptions) throw tooMany("maxSubscriptions", maxSubscriptions);
      const incarnation = this.#randomId();
      table.add({ ...idle, id, config, origin, incarnation, createdAt: now, generation: 0 });
      for (const path of config.streams) table.link(id, path, "explicit", null);
      for (const path of table.covered(config, maxSubscribedStreams + 1)) table.link(id, path, "glob", null);
      this.#assertLinks(id);
      return true;
    });
  }

  /** @throws SessileError `not_found` */
  get(id: string): Omit<SubscriptionView, "kid"> {
    const { config, origin, createdAt, attempts } = this.#known(id);
    const streams = this.#table.links(id, this.#limits.maxSubscribedStreams);
    return { id, config, origin, createdAt, failed: attempts > 0, streams };
  }

  /** No cursor of it moves any more, whoever still holds a token. */
  remove(id: string): void {
    this.#table.transaction(() => this.#table.remove(id));
  }

  /** @throws SessileError `not_found`, `limit_exceeded` */
  link(id: string, paths: readonly string[]): void {
    this.#table.transaction(() => {
      const { config } = this.#known(id);
      assertNotOwnWakes(config, paths);
      for (const path of paths) this.#table.link(id, path, "explicit", null);
      this.#assertLinks(id);
    });
  }

  /** Takes back what named the stream; a pattern that covers it still does. @throws SessileError `not_found` */
  unlink(id: string, path: string): void {
    this.#table.transaction(() => {
      this.#known(id);
      this.#table.unlink(id, path);
    });
  }

  /** Of a stream in `table.unsettled`: where it ends. Its new subscribers begin there. */
  settle(path: string, standing: StreamStanding | null, now: number): void {
    const table = this.#table;
    table.transaction(() => {
      if (standing && !table.stream(path)) this.#discover(path, standing, standing.tail);
      table.settle(path, standing?.tail ?? 0);
      this.#wakeLinked(path, now);
    });
  }

  /** @returns whether the stream has to report further appends */
  report({ path, standing, since }: StreamReport, now: number): boolean {
    const table = this.#table;
    return table.transaction(() => {
      const known = table.stream(path);
      if (known && known.identity !== standing?.identity) table.removeStream(path);
      if (!standing) return false;
      if (known?.identity === standing.identity) {
        if (known.tail < standing.tail) table.saveStream(path, standing);
      } else this.#discover(path, standing, since);
      return this.#wakeLinked(path, now);
    });
  }

  /** @throws SessileError `not_found`, `conflict` */
  claim(id: string, worker: string, now: number): WakeToken & Pick<Delivery, "streams" | "config"> {
    const table = this.#table;
    return table.transaction(() => {
      this.expire(now);
      assertType(this.#known(id), "pull-wake");
      this.#wake(id, now);
      const row = this.#known(id);
      if (row.holder !== null)
        throw new SessileError("conflict", "Another worker holds this subscription.", {
          reason: "ALREADY_CLAIMED",
          current: row.holder,
          currentVersion: row.generation,
        });
      if (row.wakeId === null || !table.hasPending(id))
        throw new SessileError("conflict", "Nothing is pending.", { reason: "NO_PENDING_WORK" });
      const leaseUntil = now + row.config.leaseMs;
      table.save({ ...row, holder: worker, leaseUntil, attempts: 0, attemptAt: null, inFlight: false });
      const { config, incarnation, generation, wakeId } = row;
      return { config, incarnation, generation, wakeId, streams: this.#streamsOf(id) };
    });
  }

  /** @returns whether there is another wake. @throws SessileError `not_found`, `unauthenticated`, `fenced`, `conflict` */
  answer(id: string, token: WakeToken | null, answer: WakeAnswer, now: number): boolean {
    const table = this.#table;
    return table.transaction(() => {
      this.expire(now);
      const row = this.#known(id);
      assertType(row, answer.by === "callback" ? "webhook" : "pull-wake");
      assertCurrent(row, token, answer);
      for (const { stream, offset } of answer.acks) this.#assertAck(id, stream, offset);
      for (const { stream, offset } of answer.acks) table.ack(id, stream, offset);
      if (answer.done || answer.by === "release") {
        table.save({ ...row, ...idle });
        return this.#wake(id, now);
      }
      // Whoever answers has it, even if the answer to the delivery itself was lost.
      const leaseUntil = now + row.config.leaseMs;
      table.save({ ...row, leaseUntil, attempts: 0, attemptAt: null, inFlight: false });
      return false;
    });
  }

  /** Wakes whose lease has run out are over; what is pending wakes again. */
  expire(now: number): void {
    for (const row of this.#table.expired(now)) {
      this.#table.save({ ...row, ...idle });
      this.#wake(row.id, now);
    }
  }

  /** Begins up to `limit` deliveries that are due. Should one be cut off, it is due again when its time is over. */
  takeDue(now: number, limit: number): readonly Delivery[] {
    return this.#table.due(now, limit).flatMap((row) => {
      const { id, config, origin, incarnation, generation, wakeId } = row;
      if (wakeId === null) return [];
      const trigger = this.#table.firstPending(id);
      if (trigger === null) {
        // The stream it was about is gone.
        this.#table.save({ ...row, ...idle });
        return [];
      }
      this.#table.save({ ...row, attemptAt: now + 2 * deliveryTimeoutMs, inFlight: true });
      const streams = this.#streamsOf(id);
      return [{ id, config, origin, incarnation, generation, wakeId, startedAt: now, streams, trigger }];
    });
  }

  /** @param chance from 0 to 1, spreads the retries of many */
  finish(delivery: Delivery, outcome: DeliveryOutcome, now: number, chance: number): void {
    const { id, incarnation, generation, wakeId, streams, startedAt } = delivery;
    this.#table.transaction(() => {
      const row = this.#table.find(id);
      const isCurrent =
        row?.incarnation === incarnation && row.generation === generation && row.wakeId === wakeId;
      // Answered, claimed or over while this was on its way.
      if (!isCurrent || (outcome !== "done" && !row.inFlight)) return;
      if (outcome === "failed") {
        const attempts = row.attempts + 1;
        this.#table.save({
          ...row,
          attempts,
          attemptAt: now + retryDelay(attempts, chance),
          inFlight: false,
        });
      } else if (outcome === "accepted") {
        const leaseUntil = row.config.type === "webhook" ? startedAt + row.config.leaseMs : null;
        this.#table.save({ ...row, leaseUntil, attempts: 0, attemptAt: null, inFlight: false });
      } else {
        for (const { path, tail } of streams) this.#table.ack(id, path, tail);
        this.#table.save({ ...row, ...idle });
        this.#wake(id, now);
      }
    });
  }

  /** A stream nobody has told of yet: `since` is where those whose pattern covers it begin. */
  #discover(path: string, standing: StreamStanding, since: number): void {
    this.#table.saveStream(path, standing);
    for (const id of this.#table.covering(path))
      if (this.#table.linkCount(id) < this.#limits.maxSubscribedStreams)
        this.#table.link(id, path, "glob", since);
  }

  /** @returns whether any subscription is linked to it */
  #wakeLinked(path: string, now: number): boolean {
    const linked = this.#table.linkedTo(path);
    for (const id of linked) this.#wake(id, now);
    return linked.length > 0;
  }

  /** One wake at a time. @returns whether this began one */
  #wake(id: string, now: number): boolean {
    const row = this.#table.find(id);
    if (!row || row.wakeId !== null || !this.#table.hasPending(id)) return false;
    const generation = row.generation + 1;
    this.#table.save({ ...row, ...idle, generation, wakeId: this.#randomId(), attemptAt: now });
    return true;
  }

  #streamsOf(id: string): readonly SubscribedStream[] {
    return this.#table.links(id, this.#limits.maxStreamsPerWake);
  }

  #assertAck(id: string, stream: string, offset: number): void {
    const link = this.#table.acked(id, stream);
    if (link && offset >= link.acked && offset <= link.tail) return;
    throw new SessileError(
      "conflict",
      link
        ? "An ack lies between what was acknowledged before and the stream's end."
        : "The subscription is not linked to this stream.",
      { reason: "INVALID_OFFSET", field: "acks", current: stream },
    );
  }

  #assertLinks(id: string): void {
    const { maxSubscribedStreams } = this.#limits;
    if (this.#table.linkCount(id) > maxSubscribedStreams)
      throw tooMany("maxSubscribedStreams", maxSubscribedStreams);
  }

  #known(id: string): SubscriptionRow {
    const row = this.#table.find(id);
    if (row) return row;
    throw new SessileError("not_found", "There is no subscription of this id.");
  }
}

/** A wake that tells of a wake would never end. @throws SessileError `bad_request` */
function assertNotOwnWakes({ wakeStream }: SubscriptionConfig, paths: readonly string[]): void {
  if (wakeStream !== null && paths.includes(wakeStream))
    throw new SessileError("bad_request", "A subscription cannot be linked to its own wake_stream.", {
      field: "streams",
    });
}

function assertType({ config }: SubscriptionRow, type: SubscriptionConfig["type"]): void {
  if (config.type === type) return;
  throw new SessileError("bad_request", `This is not a ${type} subscription.`, { field: "type" });
}

function assertCurrent(row: SubscriptionRow, token: WakeToken | null, answer: WakeAnswer): void {
  if (token?.incarnation !== row.incarnation)
    throw new SessileError("unauthenticated", "The token is not one of this subscription.", {
      reason: "TOKEN_INVALID",
    });
  const { generation, wakeId } = row;
  const isCurrent = [token, answer].every((said) => said.generation === generation && said.wakeId === wakeId);
  if (isCurrent) return;
  throw new SessileError("fenced", "This wake is over.", { reason: "FENCED", currentVersion: generation });
}

function tooMany(limit: keyof typeof subscriptionLimits, most: number): SessileError {
  return new SessileError("limit_exceeded", `There may be ${most} at most.`, { limit });
}

/** Doubles from 1 s to 60 s, give or take a fifth. */
function retryDelay(attempts: number, chance: number): number {
  const delay = Math.min(firstRetryMs * 2 ** (attempts - 1), lastRetryMs);
  return Math.round(delay * (1 + jitterShare * (2 * chance - 1)));
}
