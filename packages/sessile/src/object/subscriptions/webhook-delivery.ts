import { formatOffset } from "../../protocol/stream-offset.ts";
import type { SubscribedStream } from "../../protocol/stream-subscription.ts";
import type { SubscriptionKeys } from "./subscription-keys.ts";
import { type Delivery, type DeliveryOutcome, deliveryTimeoutMs } from "./subscriptions.ts";

/** Longer answers are not read: all they may say is that the work is done. */
const maxAnswerBytes = 64 * 1024;

/** One attempt to call a subscription's webhook. It has its lease's time to answer, at most a minute. */
export async function callWebhook(
  delivery: Delivery,
  keys: SubscriptionKeys,
  now: () => number,
): Promise<DeliveryOutcome> {
  const { id, config, origin, wakeId, generation, streams } = delivery;
  const body = JSON.stringify({
    subscription_id: id,
    wake_id: wakeId,
    generation,
    streams: streams.map(pendingStream),
    callback_url: `${origin}/v1/stream/__ds/subscriptions/${encodeURIComponent(id)}/callback`,
    callback_token: await keys.tokenFor(delivery),
  });
  const headers = {
    "content-type": "application/json",
    "webhook-signature": await keys.signature(body, now()),
  };
  const giveUp = new AbortController();
  // Not AbortSignal.timeout, which goes on after the answer and holds the object in memory.
  const timer = setTimeout(() => giveUp.abort(), Math.min(config.leaseMs, deliveryTimeoutMs));
  try {
    // A redirect could lead to where the address itself must not.
    const options = { method: "POST", headers, body, redirect: "manual", signal: giveUp.signal } as const;
    const response = await fetch(config.webhookUrl ?? "", options);
    const answer = await beginning(response);
    if (!response.ok) return "failed";
    return saysDone(answer) ? "done" : "accepted";
  } finally {
    clearTimeout(timer);
  }
}

/** A stream of a wake, as the protocol writes it. */
export function pendingStream({ path, linkType, acked, tail }: SubscribedStream) {
  return {
    path,
    link_type: linkType,
    acked_offset: formatOffset(acked),
    tail_offset: formatOffset(tail),
    has_pending: tail > acked,
  };
}

async function beginning(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    // Leaving the loop gives up the rest.
    if (bytes > maxAnswerBytes) return "";
    text += decoder.decode(part, { stream: true });
  }
  return text;
}

function saysDone(text: string): boolean {
  try {
    return (JSON.parse(text) as { readonly done?: unknown } | null)?.done === true;
  } catch {
    return false;
  }
}
