/** Bounds of stream subscriptions; a refusal names the one that was crossed. */
export const subscriptionLimits = {
  maxSubscriptions: 1000,
  /** Streams one subscription is linked to. */
  maxSubscribedStreams: 10_000,
  /** Streams or acks in one request. */
  maxStreamsPerRequest: 1000,
  /** Streams one wake tells of; the rest is told with the next. */
  maxStreamsPerWake: 1000,
} as const;

export const leaseBounds = { minMs: 1000, maxMs: 600_000, defaultMs: 30_000 } as const;

/** What a subscription is for; the same text again confirms it. */
export interface SubscriptionConfig {
  readonly type: "webhook" | "pull-wake";
  readonly pattern: string | null;
  /** Sorted, each once. */
  readonly streams: readonly string[];
  readonly webhookUrl: string | null;
  readonly wakeStream: string | null;
  readonly leaseMs: number;
  readonly description: string | null;
}

export interface SubscribedStream {
  readonly path: string;
  readonly linkType: "explicit" | "glob";
  /** How many chunks have been processed. */
  readonly acked: number;
  readonly tail: number;
}

export interface SubscriptionView {
  readonly id: string;
  readonly config: SubscriptionConfig;
  /** Where its server is reached from outside. */
  readonly origin: string;
  readonly createdAt: number;
  readonly failed: boolean;
  readonly kid: string;
  readonly streams: readonly SubscribedStream[];
}

export interface Claim {
  readonly wakeId: string;
  readonly generation: number;
  readonly token: string;
  readonly streams: readonly SubscribedStream[];
  readonly leaseMs: number;
}

/** `release` gives the wake back without acks; the others take acks and, unless `done`, lengthen the lease. */
export interface WakeAnswer {
  readonly by: "callback" | "ack" | "release";
  readonly wakeId: string;
  readonly generation: number;
  readonly acks: readonly { readonly stream: string; readonly offset: number }[];
  readonly done: boolean;
}

export type SubscriptionRequest =
  | { readonly do: "put"; readonly id: string; readonly config: SubscriptionConfig; readonly origin: string }
  | { readonly do: "get"; readonly id: string }
  | { readonly do: "delete"; readonly id: string }
  | { readonly do: "link"; readonly id: string; readonly streams: readonly string[] }
  | { readonly do: "unlink"; readonly id: string; readonly stream: string }
  | { readonly do: "claim"; readonly id: string; readonly worker: string }
  | { readonly do: "answer"; readonly id: string; readonly token: string; readonly answer: WakeAnswer }
  | { readonly do: "keys" };

export interface SubscriptionReplies {
  readonly put: { readonly created: boolean; readonly subscription: SubscriptionView };
  readonly get: SubscriptionView;
  readonly delete: null;
  readonly link: null;
  readonly unlink: null;
  readonly claim: Claim;
  readonly answer: { readonly nextWake: boolean };
  readonly keys: readonly PublicKey[];
}

/** An Ed25519 key as RFC 8037 writes it. */
export interface PublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
  readonly x: string;
}

/** How a stream stands, as it tells the subscriptions. `standing` is null once there is none any more. */
export interface StreamReport {
  readonly path: string;
  readonly standing: StreamStanding | null;
  /** Where a subscription that learns of it only now begins. */
  readonly since: number;
}

export interface StreamStanding {
  /** Another one after the stream was deleted and made anew. */
  readonly identity: string;
  readonly tail: number;
}
