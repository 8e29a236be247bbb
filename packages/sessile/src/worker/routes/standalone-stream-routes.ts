import { type Context, Hono } from "hono";
import { answerStreamRequest, type ReadSettings, servedMethods } from "../../durable-streams/index.ts";
import type { SessileBindings } from "../../object/session-bindings.ts";
import type { Action } from "../../protocol/access.ts";
import { SessileError } from "../../protocol/error.ts";
import { problemResponse } from "../problem.ts";
import { integerParam } from "../query.ts";
import { StandaloneStream } from "../streams/standalone-stream.ts";
import { standaloneStreamSocket } from "../streams/standalone-stream-socket.ts";
import { streamContentLimits } from "../streams/stream-content.ts";
import { streamNameAt } from "../streams/stream-name.ts";
import { type SubscriptionSettings, subscriptionRoutes } from "./subscription-routes.ts";

/** Standalone streams: who may use them is asked under this kind. */
export const streamKind = "stream";

export interface StandaloneStreamOptions<Env> extends Partial<ReadSettings> {
  /** Name of the binding of `StreamObject`. */
  readonly binding: string;
  readonly subscriptions?: SubscriptionSettings;
  readonly allowedOrigins: readonly string[];
  readonly require: (
    context: Context<{ Bindings: Env & object }>,
    action: Action,
    name: string,
  ) => Promise<void>;
}

/** The Durable Streams protocol at `/v1/stream/{name}`; a name may hold slashes. */
export function standaloneStreamRoutes<Env>(
  options: StandaloneStreamOptions<Env>,
): Hono<{ Bindings: Env & object; Variables: { readonly requestId: string } }> {
  const routes = new Hono<{ Bindings: Env & object; Variables: { readonly requestId: string } }>();
  // Ahead of the streams: their names cannot begin so.
  routes.route("/", subscriptionRoutes<Env>({ ...options.subscriptions, require: options.require }));
  routes.on([...servedMethods], "/v1/stream/:name{.+}", async (context) => {
    const request = context.req.raw;
    const name = streamNameAt(new URL(request.url).pathname);
    if (name === null) throw new SessileError("not_found", "There is nothing at this address.");
    const isRead = request.method === "GET" || request.method === "HEAD";
    // A preflight bears no credentials, and tells nothing.
    if (request.method !== "OPTIONS")
      await options.require(context as never, isRead ? "read" : "write", name);
    // A fork shows what its source holds, and keeps it.
    const from = request.method === "PUT" ? request.headers.get("stream-forked-from") : null;
    const source = from === null ? null : streamNameAt(from);
    if (source !== null) await options.require(context as never, "read", source);
    const stream = standaloneStream(context.env, options.binding, name);
    if (context.req.header("upgrade")?.toLowerCase() === "websocket") {
      const { offset, generation } = context.req.query();
      const known = generation === undefined ? null : wholeNumber(generation, "generation");
      return standaloneStreamSocket(stream, {
        offset: wholeNumber(offset, "offset"),
        generation: known,
      });
    }
    return answerStreamRequest(stream, request, {
      ...options,
      nameOf: streamNameAt,
      allowedOrigins: options.allowedOrigins,
      maxBodyBytes: streamContentLimits.maxBodyBytes,
      problem: (thrown) => problemResponse(thrown, context.get("requestId")),
    });
  });
  return routes;
}

function wholeNumber(text: string | undefined, field: string): number {
  return integerParam(text, field, 0, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws SessileError `not_configured` without the binding */
function standaloneStream(env: unknown, binding: string, name: string): StandaloneStream {
  const namespace = (env as { readonly [binding: string]: DurableObjectNamespace | undefined })[binding];
  if (!namespace)
    throw new SessileError("not_configured", `The binding ${binding} is missing: there are no streams.`);
  const { SESSILE_RELAY: relays } = env as SessileBindings;
  return new StandaloneStream(namespace, name, relays ? { binding, namespace: relays } : null);
}
