import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { anonymous } from "better-auth/plugins/anonymous";
import { bearer } from "better-auth/plugins/bearer";
import { SessileError } from "../protocol/index.ts";

export interface AuthSettings {
  readonly database: D1Database;
  readonly secret: string;
  readonly baseURL: string | undefined;
  readonly isHttps: boolean;
  readonly anonymous: boolean;
  readonly bearer: boolean;
  readonly plugins: readonly BetterAuthPlugin[];
  readonly socialProviders: BetterAuthOptions["socialProviders"];
  readonly trustedOrigins: readonly string[];
  readonly linked: (anonymousId: string, accountId: string) => Promise<void>;
}

/** The part of Better Auth that is used. */
export interface AuthInstance {
  readonly handle: (request: Request) => Promise<Response>;
  readonly userOf: (headers: Headers) => Promise<{ readonly id: string; readonly name: string } | null>;
}

/** Better Auth as this library sets it up, its tables up to date. Passwords are off, and nothing is reported to anybody. */
export async function authInstance(settings: AuthSettings): Promise<AuthInstance> {
  const options = optionsOf(settings);
  // First, because an instance complains of tables that it lacks.
  await migrate(options);
  const auth = betterAuth(options);
  return {
    handle: (request) => auth.handler(request),
    userOf: async (headers) => {
      // A session renewed here would have nothing left to renew when `/api/auth/get-session` is asked, which alone sends the
      // browser its cookie anew. With a bearer token there is no cookie.
      const disableRefresh = !(settings.bearer && headers.has("authorization"));
      return (await auth.api.getSession({ headers, query: { disableRefresh } }))?.user ?? null;
    },
  };
}

function optionsOf(settings: AuthSettings): BetterAuthOptions {
  const { baseURL, socialProviders, linked } = settings;
  return {
    database: settings.database,
    secret: settings.secret,
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(socialProviders === undefined ? {} : { socialProviders }),
    basePath: "/api/auth",
    trustedOrigins: [...settings.trustedOrigins],
    telemetry: { enabled: false },
    logger: { level: "error" },
    advanced: {
      cookiePrefix: "sessile",
      useSecureCookies: settings.isHttps,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax" },
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
    },
    plugins: [
      ...(settings.anonymous
        ? [
            anonymous({
              onLinkAccount: ({ anonymousUser, newUser }) => linked(anonymousUser.user.id, newUser.user.id),
            }),
          ]
        : []),
      ...(settings.bearer ? [bearer()] : []),
      ...settings.plugins,
    ],
  };
}

/** Adds the tables and columns that are missing. Of two isolates that do so at once, one may fail and find nothing left to do. */
async function migrate(options: BetterAuthOptions): Promise<void> {
  const { runMigrations } = await getMigrations(options);
  try {
    await runMigrations();
  } catch (thrown) {
    const { toBeCreated, toBeAdded } = await getMigrations(options);
    if (toBeCreated.length + toBeAdded.length === 0) return;
    throw new SessileError("unavailable", "The accounts cannot be reached right now.", {}, { cause: thrown });
  }
}
