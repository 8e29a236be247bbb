import type { ReadSettings } from "../durable-streams/index.ts";
import type { Action } from "../protocol/access.ts";
import type { Actor } from "../protocol/event.ts";
import type { GatePolicyStore, SessionRecord, TokenStore } from "../record/index.ts";
import type { Middleware } from "./middleware.ts";
import type { ChatOptions } from "./routes/chat-routes.ts";
import type { InspectorOption } from "./routes/inspector-routes.ts";
import type { QuotaOptions } from "./routes/quota-routes.ts";
import type { SubscriptionSettings } from "./routes/subscription-routes.ts";

/** One kind of session and how it is reached. */
export interface KindOptions<Env = never> {
  /** Name of the Durable Object binding. */
  readonly binding: string;
  /** The pretty address is `/{route}/{name}`; a route may have several segments, and the longest one wins. Default: none. */
  readonly route?: string;
  /** The session at `/{route}`, without a name. Default: none. */
  readonly defaultName?: string;
  /** What requests for the kind's sessions pass through, at whatever address, first one outermost. */
  readonly middleware?: readonly Middleware<Env>[];
  /** Shows a browser a page at the pretty address. Default: the `page` of all kinds. */
  readonly page?: (request: Request, env: Env) => Response | Promise<Response>;
  /** Where a new object should be placed; counts on its first use only. */
  readonly locationHint?: DurableObjectLocationHint;
  /** Keeps the objects and their data within a jurisdiction. */
  readonly jurisdiction?: DurableObjectJurisdiction;
}

/** What the authorizer is asked. */
export interface AccessQuestion {
  readonly actor: Actor | null;
  readonly action: Action;
  readonly kind: string;
  /** Absent when a list of the kind is asked for. */
  readonly name?: string;
}

/** What the token routes need. */
export interface TokenAuthority<Env> {
  /** Whoever signed in themselves; a request that carries a token is null, so that no token makes another. */
  readonly signedIn: (request: Request, env: Env) => Promise<Actor | null>;
  readonly store: (env: Env) => TokenStore;
}

/** Where standalone streams lie, and how long live reads last. */
export interface StreamOptions extends Partial<ReadSettings> {
  /** Name of the binding of `StreamObject`; streams are forked and subscribed to only where it is `SESSILE_STREAM`. */
  readonly binding: string;
  /** Subscriptions to them, where `StreamSubscriptions` is bound as `SESSILE_SUBSCRIPTIONS`. */
  readonly subscriptions?: SubscriptionSettings;
}

export interface SessileOptions<Env> {
  readonly kinds: { readonly [kind: string]: KindOptions<Env> };
  /** Who sends this request; null is nobody in particular. Default: everyone is nobody. */
  readonly identify?: (request: Request, env: Env) => Actor | null | Promise<Actor | null>;
  /** Decides who may do what. Default: everyone may do everything, which only suits a machine of one's own. */
  readonly authorize?: (question: AccessQuestion, env: Env) => boolean | Promise<boolean>;
  /** API tokens, managed at `/v1/tokens`. Without it there are none. */
  readonly tokens?: TokenAuthority<Env>;
  /** The directory of sessions. Without it there is no list. */
  readonly record?: (env: Env) => SessionRecord | null;
  /** "Always allow" policies beyond one session, as `Session.gatePoliciesOf` reads them. Default: in `SESSILE_RECORD`. */
  readonly gatePolicies?: (env: Env) => GatePolicyStore | null;
  /** Binding of the `DirectoryFeed` class, for lists that follow along. */
  readonly feed?: string;
  /** Standalone streams at `/v1/stream/{name}`, asked for under the kind `stream`. Without it there are none. */
  readonly streams?: StreamOptions;
  /** Origins beside the request's own that browsers may use this from. */
  readonly allowedOrigins?: readonly string[];
  /** Whose prompts are counted where, and what `GET /v1/quota` tells. */
  readonly quotas?: QuotaOptions<Env>;
  /** Serves one kind to the AI SDK's `useChat`. */
  readonly chat?: ChatOptions;
  /** Lets admins look into sessions. Default: as the binding `SESSILE_INSPECTOR` says, which holds the page. */
  readonly inspector?: InspectorOption;
  /** Shows a browser a page at `/{route}/{name}`. Default: left to whatever is routed after this. */
  readonly page?: (request: Request, env: Env) => Response | Promise<Response>;
}

/** What a middleware, or the options, need of the Worker's environment. */
export type EnvOf<Part> =
  Part extends Middleware<infer Env> ? Env : Part extends Partial<SessileOptions<infer Env>> ? Env : unknown;
