import * as z from "zod/mini";
import { parseWith } from "../protocol/command.ts";
import { SessileError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { parseOffset } from "../protocol/stream-offset.ts";
import {
  leaseBounds,
  type SubscriptionConfig,
  subscriptionLimits,
  type WakeAnswer,
} from "../protocol/stream-subscription.ts";
import { maxStreamNameChars } from "./streams/stream-name.ts";
import { checkedWebhookAddress } from "./webhook-address.ts";

const path = z.string().check(z.minLength(1), z.maxLength(maxStreamNameChars));
const streams = z.array(path).check(z.maxLength(subscriptionLimits.maxStreamsPerRequest));

const configSchema = z.object({
  type: z.enum(["webhook", "pull-wake"]),
  pattern: z.optional(z.nullable(path)),
  streams: z.optional(streams),
  webhook: z.optional(z.nullable(z.object({ url: z.string() }))),
  wake_stream: z.optional(z.nullable(path)),
  lease_ttl_ms: z._default(
    z.number().check(z.int(), z.minimum(leaseBounds.minMs), z.maximum(leaseBounds.maxMs)),
    leaseBounds.defaultMs,
  ),
  description: z.optional(z.nullable(z.string().check(z.maxLength(1024)))),
});

const streamsSchema = z.object({ streams: streams.check(z.minLength(1)) });
const claimSchema = z.object({ worker: z.string().check(z.minLength(1), z.maxLength(256)) });

const answerSchema = z.object({
  wake_id: z.string().check(z.maxLength(128)),
  generation: z.number().check(z.int(), z.minimum(0)),
  acks: z._default(
    z
      .array(z.object({ stream: path, offset: z.string() }))
      .check(z.maxLength(subscriptionLimits.maxStreamsPerRequest)),
    [],
  ),
  done: z._default(z.boolean(), false),
});

/** What a subscription is asked to be, in the form in which two that are alike read alike. @throws SessileError */
export function configOf(body: Json, allowLoopback: boolean): SubscriptionConfig {
  const asked = parseWith(configSchema, body, "body");
  const pattern = asked.pattern ? nameIn(asked.pattern, "pattern") : null;
  const named = [...new Set((asked.streams ?? []).map((name) => nameIn(name, "streams")))].sort();
  const wakeStream = asked.wake_stream ? nameIn(asked.wake_stream, "wake_stream") : null;
  const isWebhook = asked.type === "webhook";
  if (pattern === null && named.length === 0) throw bad("pattern", "Give a pattern, or streams.");
  if (isWebhook && !asked.webhook) throw bad("webhook.url", "Say where the webhook goes.");
  if (!isWebhook && wakeStream === null)
    throw bad("wake_stream", "Name the stream that wakes are written to.");
  if (!isWebhook && named.includes(wakeStream ?? ""))
    throw bad("streams", "A subscription cannot be linked to its own wake_stream.");
  return {
    type: asked.type,
    pattern,
    streams: named,
    webhookUrl: isWebhook ? checkedWebhookAddress(asked.webhook?.url ?? "", allowLoopback) : null,
    wakeStream: isWebhook ? null : wakeStream,
    leaseMs: asked.lease_ttl_ms,
    description: asked.description ?? null,
  };
}

/** @throws SessileError `bad_request` */
export function streamsOf(body: Json): readonly string[] {
  return parseWith(streamsSchema, body, "body").streams.map((name) => nameIn(name, "streams"));
}

/** @throws SessileError `bad_request` */
export function workerOf(body: Json): string {
  return parseWith(claimSchema, body, "body").worker;
}

/** @throws SessileError `bad_request`, `conflict` for an offset that is none */
export function answerOf(body: Json, by: WakeAnswer["by"]): WakeAnswer {
  const { wake_id: wakeId, generation, acks, done } = parseWith(answerSchema, body, "body");
  if (by === "release") return { by, wakeId, generation, acks: [], done: false };
  return {
    by,
    wakeId,
    generation,
    done,
    acks: acks.map(({ stream, offset }, index) => ({
      stream: nameIn(stream, `acks[${index}].stream`),
      offset: offsetOf(offset, index),
    })),
  };
}

/** A stream's name, relative to the root of all streams. @throws SessileError `bad_request` */
export function nameIn(text: string, field: string): string {
  const name = text.replace(/^\/+|\/+$/g, "");
  if (name !== "" && name !== "__ds" && !name.startsWith("__ds/")) return name;
  throw bad(field, "A stream's name has a character that is no slash, and does not begin with __ds.");
}

function offsetOf(token: string, index: number): number {
  const offset = parseOffset(token);
  if (offset !== null) return offset;
  throw new SessileError("conflict", "An offset is what an answer gave as one.", {
    reason: "INVALID_OFFSET",
    field: `acks[${index}].offset`,
  });
}

function bad(field: string, message: string): SessileError {
  return new SessileError("bad_request", message, { field });
}
