import type { Command } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import { type QuotaStatus, quotaResetOf, quotaStatusOf } from "../../protocol/quota.ts";
import type { QuotaStore, QuotaVerdict } from "../../record/index.ts";
import type { Clock } from "../clock.ts";
import { type NamedTier, type QuotaPolicy, quotaSubjectOf, tierFor } from "./quota-policy.ts";

/** A command before it is accepted, and who sends it. */
export interface Applicant {
  readonly command: Command;
  readonly actor: Actor | null;
  /** Salted hash of the address it comes from. */
  readonly client?: string | undefined;
}

export interface QuotaGateOptions<A extends Applicant> {
  readonly policy: QuotaPolicy;
  /** Null: whatever costs is refused. */
  readonly store: QuotaStore | null;
  readonly clock: Clock;
  /** Sets the session's command ids apart from others'. */
  readonly sessionId: string;
  readonly maxWaiting: number;
  /** The type of the sender's pending message. */
  readonly draftType: (actor: Actor | null) => string | null;
  /**
   * Takes the command, or tells its sender why not. Must not throw.
   *
   * @returns the session's own reason why it was not taken now: nothing the sender sent after it may be taken before it
   */
  readonly decided: (
    applicant: A,
    refusal: SessileError | null,
    status: QuotaStatus | null,
  ) => SessileError | null;
  readonly report: (message: string, thrown: unknown) => void;
}

interface Waiting<A> {
  readonly applicant: A;
  readonly units: number;
  readonly action: string | undefined;
}

const minuteMs = 60_000;
const maxRememberedDrafts = 1000;

/**
 * Asks the quota before a command is accepted. Everything one sender sends after a command that is being charged waits in its line,
 * so that order is kept; nobody else waits. What gathers in a line meanwhile is charged in one call.
 */
export class QuotaGate<A extends Applicant> {
  readonly #options: QuotaGateOptions<A>;
  readonly #lines = new Map<object, Waiting<A>[]>();
  /** Highest price of what an author has saved as a draft since the last one was sent: the draft may not be committed yet. */
  readonly #draftPrices = new Map<string, number>();

  constructor(options: QuotaGateOptions<A>) {
    this.#options = options;
  }

  /**
   * Takes what a sender sends, one by one, in order.
   *
   * @param line the sender: a socket, or an object of its own for one request
   * @returns false if it costs nothing and nothing is before it: then it is the caller's to take
   * @throws SessileError `overloaded` when too much waits
   */
  holds(line: object, applicant: A): boolean {
    const item = this.#priced(applicant);
    const waiting = this.#lines.get(line);
    if (waiting) {
      this.#assertRoom(waiting.length + 1);
      waiting.push(item);
      return true;
    }
    if (item.units === 0) return false;
    const begun = [item];
    this.#lines.set(line, begun);
    void this.#run(line, begun);
    return true;
  }

  #assertRoom(count: number): void {
    const { maxWaiting } = this.#options;
    if (count <= maxWaiting) return;
    throw new SessileError(
      "overloaded",
      `At most ${maxWaiting} commands may wait for a quota. Send them again shortly.`,
      { limit: "maxWaitingPerPeer", retryAfterMs: 1000 },
    );
  }

  async #run(line: object, waiting: Waiting<A>[]): Promise<void> {
    const { decided } = this.#options;
    // The rest of the frame comes in this turn.
    await Promise.resolve();
    while (waiting.length > 0) {
      const charged = waiting.slice();
      const decide = await this.#charge(charged.filter(({ units }) => units > 0));
      for (let left = charged.length; left > 0; left--) {
        const item = waiting.shift() as Waiting<A>;
        const reason = item.units === 0 ? decided(item.applicant, null, null) : decide(item);
        if (!reason) continue;
        for (const { applicant } of waiting.splice(0)) decided(applicant, reason, null);
        break;
      }
    }
    this.#lines.delete(line);
  }

  /** One call for all of them. @returns tells one of them its verdict */
  async #charge(items: readonly Waiting<A>[]): Promise<(item: Waiting<A>) => SessileError | null> {
    const { policy, store, clock, sessionId, decided, report } = this.#options;
    try {
      const [first] = items;
      if (!first) return () => null;
      if (!store)
        throw new SessileError("not_configured", "This deployment has no database to count quotas in.");
      const { actor, client } = first.applicant;
      const subject = quotaSubjectOf(actor, client);
      const named = await tierFor(policy, actor);
      const now = clock.now();
      const verdicts = await store.charge(
        items.map(({ applicant: { command }, units, action }) => {
          const key = `${sessionId}:${command.id ?? crypto.randomUUID()}`;
          return {
            subject,
            key,
            action: action === undefined ? key : `${sessionId}#${action}`,
            units,
            perDay: named.tier.promptsPerDay,
            perMinute: named.tier.promptsPerMinute,
            freeRetries: policy.freeRetries ?? 3,
          };
        }),
        now,
      );
      const answers = new Map(items.map((item, index) => [item, verdicts[index] as QuotaVerdict]));
      return (item) => {
        const verdict = answers.get(item) as QuotaVerdict;
        const status = quotaStatusOf(named.name, named.tier, verdict.used, now);
        return decided(item.applicant, refusalOf(verdict, named, now), status);
      };
    } catch (thrown) {
      if (SessileError.from(thrown).code === "internal") report("The quota could not be asked", thrown);
      const error = SessileError.from(thrown);
      return ({ applicant }) => decided(applicant, error, null);
    }
  }

  #priced(applicant: A): Waiting<A> {
    const { command, actor } = applicant;
    if (command.op === "append") return { applicant, ...this.#price(command, command.type) };
    if (!actor || (command.op !== "saveDraft" && command.op !== "sendDraft"))
      return { applicant, ...this.#price(command, null) };
    const remembered = this.#draftPrices.get(actor.id) ?? 0;
    if (command.op === "saveDraft") {
      // What it would cost to send it, asked of the policy as if that were done now.
      const send: Command = { op: "sendDraft", draftId: command.draftId ?? "" };
      this.#remember(actor.id, Math.max(remembered, this.#price(send, command.type).units));
      return { applicant, ...this.#price(command, null) };
    }
    const price = this.#price(command, this.#options.draftType(actor));
    this.#draftPrices.delete(actor.id);
    return { applicant, ...price, units: Math.max(price.units, remembered) };
  }

  #price(command: Command, eventType: string | null): { units: number; action: string | undefined } {
    const price = this.#options.policy.charge(command, eventType);
    return typeof price === "number"
      ? { units: price, action: undefined }
      : { units: price.units, action: price.action };
  }

  #remember(authorId: string, units: number): void {
    this.#draftPrices.set(authorId, units);
    const [oldest] = this.#draftPrices.keys();
    if (this.#draftPrices.size > maxRememberedDrafts && oldest !== undefined)
      this.#draftPrices.delete(oldest);
  }
}

function refusalOf({ is }: QuotaVerdict, { name, tier }: NamedTier, now: number): SessileError | null {
  if (is === "charged" || is === "repeated") return null;
  const resetsAt = quotaResetOf(now);
  if (is === "minute")
    return new SessileError(
      "rate_limited",
      `The tier ${name} takes ${tier.promptsPerMinute} prompts a minute. Try again in the next one.`,
      { reason: "minute", limit: "promptsPerMinute", retryAfterMs: minuteMs - (now % minuteMs) },
    );
  return new SessileError(
    "quota_exceeded",
    `The tier ${name} takes ${tier.promptsPerDay} prompts a day, and they are used. The day ends at 00:00 UTC.`,
    {
      reason: "day",
      limit: "promptsPerDay",
      retryAfterMs: resetsAt - now,
      resetsAt: new Date(resetsAt).toISOString(),
    },
  );
}
