import { SessileError, type WireError } from "../../protocol/error.ts";
import type {
  StreamReport,
  SubscriptionReplies,
  SubscriptionRequest,
} from "../../protocol/stream-subscription.ts";

export type SubscriptionReply =
  | { readonly ok: true; readonly value: SubscriptionReplies[SubscriptionRequest["do"]] }
  | { readonly ok: false; readonly error: WireError };

/** What is used of a stub of `StreamSubscriptions`. */
export interface SubscriptionsStub {
  handleSubscription(request: SubscriptionRequest): Promise<SubscriptionReply>;
  /** `linked`: whether further appends need to be reported. */
  handleStreamReport(report: StreamReport): Promise<{ readonly linked: boolean }>;
}

/** One object holds the subscriptions of a deployment. */
const subscriptionsName = "all";

/** One request to the subscriptions. @throws SessileError */
export async function askSubscriptions<Request extends SubscriptionRequest>(
  namespace: DurableObjectNamespace,
  request: Request,
): Promise<SubscriptionReplies[Request["do"]]> {
  const reply = await stubOf(namespace).handleSubscription(request);
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value as SubscriptionReplies[Request["do"]];
}

export function reportStream(
  namespace: DurableObjectNamespace,
  report: StreamReport,
): Promise<{ readonly linked: boolean }> {
  return stubOf(namespace).handleStreamReport(report);
}

function stubOf(namespace: DurableObjectNamespace): SubscriptionsStub {
  return namespace.getByName(subscriptionsName) as unknown as SubscriptionsStub;
}
