import type { BetterAuthOptions, BetterAuthPlugin } from "better-auth";
import { type Action, type Actor, SessileError } from "../protocol/index.ts";
import { createTokenStore, type SessionRecord } from "../record/index.ts";
import { type KindOptions, type SessileOptions, tokenHash, tokenPrefix } from "../worker/index.ts";
import { adoptSessions } from "./adopt-sessions.ts";
import { type AuthInstance, authInstance } from "./auth-instance.ts";

export interface AccountsOptions<Env> {
  /** Where accounts and tokens live; tables are made on first use. */
  readonly database: (env: Env) => D1Database;
  /** At least 32 random characters. Rotating it signs everyone out; API tokens stay. */
  readonly secret: (env: Env) => string;
  /** The deployment's own address. Default: that of the request, which only suits a host that cannot be forged. */
  readonly baseURL?: (env: Env) => string;
  /** The kinds given to `createSessile`. */
  readonly kinds: { readonly [kind: string]: KindOptions };
  /** The directory, by which the sessions of a guest who signs in are found. */
  readonly record: (env: Env) => SessionRecord;
  /** People may begin without an account; what they made is theirs once they sign in. Default false. */
  readonly anonymous?: boolean;
  /** Better Auth's sessions may come in an `Authorization` header too. Default false. API tokens always may. */
  readonly bearer?: boolean;
  /** Better Auth's built-in providers, such as `github`. */
  readonly socialProviders?: (env: Env) => NonNullable<BetterAuthOptions["socialProviders"]>;
  /** Ways to sign in that are plugins, such as `passkey(…)` and `genericOAuth(…)`. */
  readonly plugins?: (env: Env) => readonly BetterAuthPlugin[];
  /** Other origins whose pages may sign people in. */
  readonly trustedOrigins?: readonly string[];
  /** Kinds whose public sessions may be read without signing in. Default: none. Name owned kinds only. */
  readonly publicKinds?: readonly string[];
}

/** What `createSessile` takes (spread it into its options), and the routes below `/api/auth`. */
export interface Accounts<Env>
  extends Required<Pick<SessileOptions<Env>, "identify" | "authorize" | "tokens">> {
  /** Answers `/api/auth/*`. */
  readonly handler: (request: Request, env: Env) => Promise<Response>;
}

/** Accounts on Better Auth and D1: who somebody is. What they may do in a session, the session knows. */
export function createAccounts<Env extends object>(options: AccountsOptions<Env>): Accounts<Env> {
  for (const kind of options.publicKinds ?? [])
    if (!Object.hasOwn(options.kinds, kind)) throw new TypeError(`publicKinds: there is no kind "${kind}".`);
  const authOf = instances(options);
  /** Rights of the requests that came with a token; nobody else's are narrowed. */
  const narrowed = new WeakMap<Actor, readonly Action[]>();
  const store = (env: Env) => createTokenStore(options.database(env));

  const byToken = async (token: string, env: Env): Promise<Actor> => {
    const hash = await tokenHash(token);
    const found = hash === null ? null : await store(env).find(hash, Date.now());
    if (!found) throw new SessileError("unauthenticated", "This token is unknown, revoked or expired.");
    narrowed.set(found.actor, found.rights);
    return found.actor;
  };
  const signedIn = async (request: Request, env: Env): Promise<Actor | null> => {
    if (apiTokenOf(request) !== null || !carriesSession(request)) return null;
    const user = await (await authOf(request, env)).userOf(request.headers);
    return user && { id: user.id, name: user.name };
  };

  return {
    identify: (request, env) => {
      const token = apiTokenOf(request);
      return token === null ? signedIn(request, env) : byToken(token, env);
    },
    authorize: ({ actor, action, kind }) => {
      if (actor === null) return action === "read" && options.publicKinds?.includes(kind) === true;
      return narrowed.get(actor)?.includes(action) ?? true;
    },
    tokens: { signedIn, store },
    handler: async (request, env) => (await authOf(request, env)).handle(request),
  };
}

/** One instance per environment and scheme, its tables up to date. */
function instances<Env extends object>(
  options: AccountsOptions<Env>,
): (request: Request, env: Env) => Promise<AuthInstance> {
  const known = new WeakMap<Env, Map<boolean, AuthInstance>>();
  return async (request, env) => {
    const baseURL = options.baseURL?.(env);
    const isHttps = (baseURL ?? request.url).startsWith("https:");
    const found = known.get(env)?.get(isHttps);
    if (found) return found;
    const instance = await authInstance({
      database: options.database(env),
      secret: secretOf(options, env),
      baseURL,
      isHttps,
      anonymous: options.anonymous ?? false,
      bearer: options.bearer ?? false,
      plugins: options.plugins?.(env) ?? [],
      socialProviders: options.socialProviders?.(env),
      trustedOrigins: options.trustedOrigins ?? [],
      linked: (fromId, toId) =>
        adoptSessions({ env, kinds: options.kinds, record: options.record(env), fromId, toId }),
    });
    // Kept once it is ready, and never as a promise: one made in a request dies with it.
    known.set(env, (known.get(env) ?? new Map<boolean, AuthInstance>()).set(isHttps, instance));
    return instance;
  };
}

function secretOf<Env>({ secret }: AccountsOptions<Env>, env: Env): string {
  const value = secret(env);
  if (typeof value === "string" && value.length >= 32) return value;
  throw new SessileError(
    "not_configured",
    "The secret that signs accounts in is not set. It takes at least 32 random characters.",
  );
}

function apiTokenOf(request: Request): string | null {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return token?.startsWith(tokenPrefix) ? token : null;
}

/** Whoever sends neither is nobody, and costs no query. */
function carriesSession({ headers }: Request): boolean {
  return headers.has("cookie") || headers.has("authorization");
}
