import { createMcp } from "sessile/mcp";
import app from "../.sessions/worker.ts";
import { people } from "./people.ts";

export * from "../.sessions/worker.ts";

app.all("/mcp", createMcp({ app, kinds: ["tutor"], prefix: "tn_session_" }));

app.get("/api/profile", async (context) =>
  context.json({ profile: await people.identify(context.req.raw, context.env) }),
);
app.post("/api/profile", async (context) => {
  const body = (await context.req.json().catch(() => null)) as { readonly name?: unknown } | null;
  const current = await people.identify(context.req.raw, context.env);
  const { profile, cookie } = await people.signIn(body?.name, current, context.env, context.req.raw);
  return context.json({ profile }, 200, { "set-cookie": cookie });
});

export default app;
