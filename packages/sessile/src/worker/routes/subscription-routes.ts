import { type Context, Hono } from "hono";
import { askSubscriptions } from "../../object/subscriptions/subscription-stub.ts";
import { pendingStream } from "../../object/subscriptions/webhook-delivery.ts";
import type { Action } from "../../protocol/access.ts";
import { type ErrorCode, SessileError } from "../../protocol/error.ts";
import { assertStreamId } from "../../protocol/ids.ts";
import type {
  SubscriptionRequest,
  SubscriptionView,
  WakeAnswer,
} from "../../protocol/stream-subscription.ts";
import { problemResponse } from "../problem.ts";
import { answerOf, configOf, nameIn, streamsOf, workerOf } from "../subscription-body.ts";
import { readObject } from "./session-routes.ts";

const reserved = "/v1/stream/__ds";
const subscription = `${reserved}/subscriptions/:id`;

export interface SubscriptionSettings {
  /** Lets webhooks go to this machine, also without TLS. For tests and development. */
  readonly allowLoopbackWebhooks?: boolean;
  /** Where this server is reached from outside, such as `https://streams.example`. Default: where it was when asked to subscribe. */
  readonly origin?: string;
}

export interface SubscriptionRouteOptions<Env> extends SubscriptionSettings {
  readonly require: (
    context: Context<{ Bindings: Env & object }>,
    action: Action,
    name: string,
  ) => Promise<void>;
}

/** Codes of the Durable Streams protocol, where a refusal does not name its own. */
const protocolCodes: Partial<Record<ErrorCode, string>> = {
  bad_request: "INVALID_REQUEST",
  not_found: "SUBSCRIPTION_NOT_FOUND",
};

/** Subscriptions to standalone streams, under the prefix that the Durable Streams protocol reserves for itself. */
export function subscriptionRoutes<Env>(
  options: SubscriptionRouteOptions<Env>,
): Hono<{ Bindings: Env & object; Variables: { readonly requestId: string } }> {
  type Asked = Context<{ Bindings: Env & object; Variables: { readonly requestId: string } }>;
  const routes = new Hono<{ Bindings: Env & object; Variables: { readonly requestId: string } }>();
  routes.onError((thrown, context) => refusal(thrown, context.get("requestId")));

  /** Who manages subscriptions, or works for them, is asked under this name: no stream has it. */
  const idFor = async (context: Asked, action: Action): Promise<string> => {
    const id = idOf(context);
    await options.require(context as never, action, `__ds/subscriptions/${id}`);
    return id;
  };
  const originOf = ({ req }: Asked): string => new URL(options.origin ?? req.url).origin;

  routes.put(subscription, async (context) => {
    const id = await idFor(context, "admin");
    const config = configOf(await readObject(context.req.raw), options.allowLoopbackWebhooks ?? false);
    const { created, subscription: view } = await ask(context, {
      do: "put",
      id,
      config,
      origin: originOf(context),
    });
    return Response.json(shown(view), { status: created ? 201 : 200 });
  });

  routes.get(subscription, async (context) => {
    const id = await idFor(context, "admin");
    return Response.json(shown(await ask(context, { do: "get", id })));
  });

  routes.delete(subscription, async (context) => {
    const id = await idFor(context, "admin");
    await ask(context, { do: "delete", id });
    return new Response(null, { status: 204 });
  });

  routes.post(`${subscription}/streams`, async (context) => {
    const id = await idFor(context, "admin");
    await ask(context, { do: "link", id, streams: streamsOf(await readObject(context.req.raw)) });
    return new Response(null, { status: 204 });
  });

  routes.delete(`${subscription}/streams/:path{.+}`, async (context) => {
    const id = await idFor(context, "admin");
    await ask(context, { do: "unlink", id, stream: nameIn(streamOf(context), "path") });
    return new Response(null, { status: 204 });
  });

  routes.post(`${subscription}/claim`, async (context) => {
    const id = await idFor(context, "write");
    const claim = await ask(context, {
      do: "claim",
      id,
      worker: workerOf(await readObject(context.req.raw)),
    });
    return Response.json({
      wake_id: claim.wakeId,
      generation: claim.generation,
      token: claim.token,
      streams: claim.streams.map(pendingStream),
      lease_ttl_ms: claim.leaseMs,
    });
  });

  // The token of a wake is all that these need.
  for (const by of ["callback", "ack", "release"] as const)
    routes.post(`${subscription}/${by}`, async (context) => {
      const token = tokenOf(context);
      const answer: WakeAnswer = answerOf(await readObject(context.req.raw), by);
      const { nextWake } = await ask(context, { do: "answer", id: idOf(context), token, answer });
      return by === "release"
        ? new Response(null, { status: 204 })
        : Response.json({ ok: true, next_wake: nextWake });
    });

  routes.get(`${reserved}/jwks.json`, async (context) => {
    const keys = await ask(context, { do: "keys" });
    return new Response(JSON.stringify({ keys }), {
      headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=300" },
    });
  });

  return routes;
}

function ask<Request extends SubscriptionRequest>(context: Context, request: Request) {
  const { SESSILE_SUBSCRIPTIONS: namespace } = context.env as {
    readonly SESSILE_SUBSCRIPTIONS?: DurableObjectNamespace;
  };
  if (namespace) return askSubscriptions(namespace, request);
  throw new SessileError(
    "not_configured",
    "The binding SESSILE_SUBSCRIPTIONS is missing: there are no subscriptions.",
  );
}

/** @throws SessileError `bad_request` */
function idOf(context: Context): string {
  const id = context.req.param("id") ?? "";
  assertStreamId(id);
  return id;
}

/** @throws SessileError `unauthenticated` */
function tokenOf(context: Context): string {
  const [, token] = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(context.req.header("authorization") ?? "") ?? [];
  if (token) return token;
  throw new SessileError("unauthenticated", "Send the wake's token: Authorization: Bearer ….", {
    reason: "TOKEN_INVALID",
  });
}

function shown({ id, config, origin, createdAt, failed, kid, streams }: SubscriptionView) {
  const signing = { alg: "ed25519", kid, jwks_url: `${origin}${reserved}/jwks.json` };
  return {
    id,
    subscription_id: id,
    type: config.type,
    pattern: config.pattern,
    streams: streams.map(pendingStream).map(({ path, link_type, acked_offset }) => ({
      path,
      link_type,
      acked_offset,
    })),
    ...(config.webhookUrl === null ? {} : { webhook: { url: config.webhookUrl, signing } }),
    wake_stream: config.wakeStream,
    lease_ttl_ms: config.leaseMs,
    created_at: new Date(createdAt).toISOString(),
    status: failed ? "failed" : "active",
    description: config.description,
  };
}

/** Problem details, and beside them the error as the protocol writes it. */
async function refusal(thrown: unknown, requestId: string): Promise<Response> {
  const { code, message, details } = SessileError.from(thrown);
  const problem = problemResponse(thrown, requestId);
  const error = {
    code: details.reason ?? protocolCodes[code] ?? code.toUpperCase(),
    message,
    ...(details.reason === "ALREADY_CLAIMED"
      ? { current_holder: details.current, generation: details.currentVersion }
      : {}),
  };
  const body = { ...((await problem.json()) as object), error };
  return new Response(JSON.stringify(body), { status: problem.status, headers: problem.headers });
}

/** The stream that a path names after `/v1/stream/__ds/subscriptions/{id}/streams/`, whatever its own name holds. */
function streamOf({ req }: Context): string {
  try {
    return decodeURIComponent(new URL(req.url).pathname.split("/").slice(7).join("/"));
  } catch {
    throw new SessileError("bad_request", "The stream in this address is not encoded properly.", {
      field: "path",
    });
  }
}
