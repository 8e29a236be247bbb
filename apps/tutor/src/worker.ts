import { createD1QuotaStore, createD1Record } from "sessile/d1";
import { createMcp } from "sessile/mcp";
import { createSessile, LocalProfiles } from "sessile/worker";
import type { Env } from "./tutor-session.ts";

export { TutorSession } from "./tutor-session.ts";

const secretOf = ({ SESSILE_SECRET = "" }: Env): string => SESSILE_SECRET;
/** People by the name they pick. Behind a public address, put real accounts in front. */
const people = new LocalProfiles<Env>({ cookie: "tutor_profile", secret: secretOf });

const app = createSessile<Env>({
  kinds: { tutor: { binding: "TUTOR" } },
  record: ({ SESSILE_RECORD }) => createD1Record(SESSILE_RECORD),
  identify: people.identify,
  // Whoever has picked a name may end sessions; anybody may ask, within a guest's quota.
  authorize: ({ actor, action }) => action !== "admin" || actor !== null,
  quotas: { store: ({ SESSILE_RECORD }) => createD1QuotaStore(SESSILE_RECORD), salt: secretOf },
});

app.all("/mcp", createMcp({ app, kinds: ["tutor"], prefix: "tn_session_" }));

app.get("/api/profile", async (context) =>
  context.json({ profile: await people.identify(context.req.raw, context.env) }),
);
app.post("/api/profile", async (context) => {
  const body = (await context.req.json().catch(() => null)) as { readonly name?: unknown } | null;
  const current = await people.identify(context.req.raw, context.env);
  const { profile, cookie } = await people.signIn(body?.name, current, context.env);
  return context.json({ profile }, 200, { "set-cookie": cookie });
});

export default app;
