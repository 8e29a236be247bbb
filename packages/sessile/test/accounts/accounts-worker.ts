// A deployment with accounts: an owned kind, an open one, guests, and an OAuth provider that the test runs.
import { passkey } from "@better-auth/passkey";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { type Action, type Actor, DirectoryFeed, Session } from "sessile";
import { type AccountsOptions, createAccounts } from "sessile/accounts";
import { createD1Record } from "sessile/d1";
import { createSessile } from "sessile/worker";

interface Env {
  readonly SESSILE_RECORD: D1Database;
  readonly PROVIDER_URL: string;
  /** Where the deployment is reached; absent: wherever requests go. */
  readonly BASE_URL?: string;
}

export class Chat extends Session<Env> {
  readonly kind = "chat";
  readonly initialState = {};
  override readonly access = "owned";

  override authorize(_actor: Actor | null, action: Action): boolean {
    return action !== "admin" || !this.name.startsWith("sealed-");
  }
}
export { DirectoryFeed };

const kinds = { chat: { binding: "CHAT", route: "chat" } };
const record = (env: Env) => createD1Record(env.SESSILE_RECORD);
const settings: AccountsOptions<Env> = {
  kinds,
  record,
  database: (env) => env.SESSILE_RECORD,
  secret: () => "a secret of more than thirty-two characters",
  anonymous: true,
  bearer: true,
  publicKinds: ["chat"],
  plugins: ({ PROVIDER_URL }) => [
    passkey({ rpID: "localhost", rpName: "Chats" }),
    genericOAuth({
      config: [
        {
          providerId: "local",
          clientId: "client",
          clientSecret: "secret",
          authorizationUrl: `${PROVIDER_URL}/authorize`,
          tokenUrl: `${PROVIDER_URL}/token`,
          userInfoUrl: `${PROVIDER_URL}/user`,
        },
      ],
    }),
  ],
};
const accounts = createAccounts(settings);
const accountsAt = (baseURL: string) => createAccounts({ ...settings, baseURL: () => baseURL });

const app = createSessile<Env>({ kinds, record, feed: "SESSILE_FEED", ...accounts });
app.all("/api/auth/*", ({ req, env }) =>
  (env.BASE_URL ? accountsAt(env.BASE_URL) : accounts).handler(req.raw, env),
);
app.all("/test/no-secret/*", ({ req, env }) =>
  createAccounts({ ...settings, secret: () => "too short" }).handler(req.raw, env),
);
app.get("/test/public/:kind", (context) => {
  createAccounts({ ...settings, publicKinds: [context.req.param("kind")] });
  return context.text("ok");
});
/** As if all who are signed in had signed in two days earlier. */
app.post("/test/age", async ({ env, text }) => {
  const earlier = "strftime('%Y-%m-%dT%H:%M:%fZ', expiresAt, '-2 days')";
  await env.SESSILE_RECORD.prepare(`UPDATE session SET expiresAt = ${earlier}`).run();
  return text("ok");
});

export default app;
