import { DurableObject } from "cloudflare:workers";
import { migrate } from "../../kernel/migrations.ts";
import { SessileError } from "../../protocol/error.ts";
import type {
  StreamReport,
  SubscriptionReplies,
  SubscriptionRequest,
} from "../../protocol/stream-subscription.ts";
import { DurableSql } from "../durable-sql.ts";
import type { SessileBindings } from "../session-bindings.ts";
import { askDurableStream } from "../streams/stream-object.ts";
import { SubscriptionAlarm, settleAgainMs } from "./subscription-alarm.ts";
import { SubscriptionKeys } from "./subscription-keys.ts";
import type { SubscriptionReply, SubscriptionsStub } from "./subscription-stub.ts";
import { SubscriptionTable, subscriptionMigrations } from "./subscription-table.ts";
import { type Delivery, type DeliveryOutcome, Subscriptions } from "./subscriptions.ts";
import { callWebhook } from "./webhook-delivery.ts";

/** Deliveries, and questions to streams, that are under way at a time. */
const maxUnderWay = 32;
/** When no more deliveries can be begun. */
const tryAgainMs = 1000;

/**
 * The subscriptions of a deployment's standalone streams. Bind it as `SESSILE_SUBSCRIPTIONS`, and the streams' own class as
 * `SESSILE_STREAM`. What is to be delivered is on disk before anything is sent, so a crash repeats a delivery and loses none.
 */
export class StreamSubscriptions extends DurableObject implements SubscriptionsStub {
  readonly #table: SubscriptionTable;
  readonly #subscriptions: Subscriptions;
  readonly #keys: SubscriptionKeys;
  #underWay = 0;
  readonly #alarm = new SubscriptionAlarm((at) => void this.ctx.storage.setAlarm(at));

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env as never);
    const sql = new DurableSql(context.storage);
    migrate(sql, "sessile", subscriptionMigrations, Date.now());
    this.#table = new SubscriptionTable(sql);
    this.#subscriptions = new Subscriptions({ table: this.#table, randomId: () => crypto.randomUUID() });
    this.#keys = new SubscriptionKeys(this.#table);
    this.#table.forgetFlights(Date.now());
    this.#arm();
  }

  /** Errors are answers, so that their codes survive the hop. */
  async handleSubscription(request: SubscriptionRequest): Promise<SubscriptionReply> {
    try {
      return { ok: true, value: await this.#handle(request) };
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) console.error(`subscriptions: ${request.do}: ${String(thrown)}`);
      return { ok: false, error: SessileError.from(thrown).toWire() };
    } finally {
      this.#pump();
    }
  }

  async handleStreamReport(report: StreamReport): Promise<{ readonly linked: boolean }> {
    const linked = this.#subscriptions.report(report, Date.now());
    this.#pump();
    return { linked };
  }

  override async alarm(): Promise<void> {
    this.#alarm.rang();
    this.#pump();
    await this.#settle(null).catch(() => undefined);
    this.#pump();
  }

  async #handle(request: SubscriptionRequest): Promise<SubscriptionReplies[SubscriptionRequest["do"]]> {
    const subscriptions = this.#subscriptions;
    const now = Date.now();
    // Without streams to ask nothing is linked: it would be asked for again and again.
    if (request.do === "put" || request.do === "link") this.#streams();
    switch (request.do) {
      case "put": {
        const created = subscriptions.put(request.id, request.config, request.origin, now);
        await this.#settle(request.id);
        return { created, subscription: await this.#view(request.id) };
      }
      case "get":
        return this.#view(request.id);
      case "delete":
        subscriptions.remove(request.id);
        return null;
      case "link":
        subscriptions.link(request.id, request.streams);
        await this.#settle(request.id);
        return null;
      case "unlink":
        subscriptions.unlink(request.id, request.stream);
        return null;
      case "claim": {
        const { config, streams, ...wake } = subscriptions.claim(request.id, request.worker, now);
        const { wakeId, generation } = wake;
        const token = await this.#keys.tokenFor(wake);
        return { wakeId, generation, token, streams, leaseMs: config.leaseMs };
      }
      case "answer": {
        const token = await this.#keys.readToken(request.token);
        return { nextWake: subscriptions.answer(request.id, token, request.answer, Date.now()) };
      }
      case "keys":
        return [await this.#keys.publicKey()];
    }
  }

  async #view(id: string): Promise<SubscriptionReplies["get"]> {
    const { kid } = await this.#keys.publicKey();
    return { ...this.#subscriptions.get(id), kid };
  }

  /**
   * Asks streams that are newly linked where they end: those of one subscription, or all. One that fails holds up no other.
   *
   * @throws SessileError `unavailable`
   */
  async #settle(id: string | null): Promise<void> {
    let failed = 0;
    for (let after = ""; ; ) {
      const paths = this.#table.unsettled(id, after, maxUnderWay);
      const last = paths.at(-1);
      if (last === undefined) break;
      after = last;
      // Should it come to nothing, an alarm tries again.
      this.#arm();
      const asked = await Promise.allSettled(paths.map((path) => this.#settleOne(path)));
      failed += asked.filter(({ status }) => status === "rejected").length;
    }
    if (failed > 0)
      throw new SessileError("unavailable", `${failed} streams could not be asked where they end.`, {
        retryAfterMs: settleAgainMs,
      });
  }

  async #settleOne(path: string): Promise<void> {
    const standing = await askDurableStream(this.#streams(), path, { do: "subscribe" });
    this.#subscriptions.settle(path, standing, Date.now());
  }

  /** Begins what is due, and sets the alarm for what will be. */
  #pump(): void {
    const now = Date.now();
    this.#subscriptions.expire(now);
    for (const delivery of this.#subscriptions.takeDue(now, maxUnderWay - this.#underWay)) {
      this.#underWay += 1;
      this.ctx.waitUntil(this.#deliver(delivery));
    }
    this.#arm();
  }

  async #deliver(delivery: Delivery): Promise<void> {
    let outcome: DeliveryOutcome = "failed";
    try {
      outcome = await (delivery.config.type === "webhook"
        ? callWebhook(delivery, this.#keys, () => Date.now())
        : this.#writeWake(delivery));
    } catch (thrown) {
      console.warn(`subscription ${delivery.id}: not delivered: ${String(thrown)}`);
    }
    this.#underWay -= 1;
    this.#subscriptions.finish(delivery, outcome, Date.now(), Math.random());
    this.#pump();
  }

  async #writeWake({ id, config, generation, trigger }: Delivery): Promise<DeliveryOutcome> {
    const event = { type: "wake", subscription_id: id, stream: trigger, generation, ts: Date.now() };
    await askDurableStream(this.#streams(), config.wakeStream ?? "", {
      do: "append",
      data: { contentType: "application/json", chunks: [event] },
      close: false,
    });
    return "accepted";
  }

  #arm(): void {
    const now = Date.now();
    let next = this.#table.nextDue();
    if (next !== null && this.#underWay >= maxUnderWay) next = Math.max(next, now + tryAgainMs);
    this.#alarm.arm(now, next, this.#table.unsettled(null, "", 1).length > 0);
  }

  /** @throws SessileError `not_configured` */
  #streams(): DurableObjectNamespace {
    const { SESSILE_STREAM: namespace } = this.env as SessileBindings;
    if (namespace) return namespace;
    throw new SessileError(
      "not_configured",
      "The binding SESSILE_STREAM is missing: streams cannot be subscribed to.",
    );
  }
}
