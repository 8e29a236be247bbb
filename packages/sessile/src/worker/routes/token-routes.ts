import { Hono } from "hono";
import * as z from "zod/mini";
import { actions } from "../../protocol/access.ts";
import { parseWith } from "../../protocol/command.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { StoredToken } from "../../record/index.ts";
import { newToken, tokenHash } from "../api-token.ts";
import type { TokenAuthority } from "../options.ts";
import { MethodNotAllowed } from "../problem.ts";
import { readObject } from "./session-routes.ts";

/** An account with this many has lost count of who holds what. */
const maxTokens = 50;

const grantSchema = z.strictObject({
  label: z.string().check(z.minLength(1), z.maxLength(80)),
  rights: z._default(z.array(z.enum(actions)).check(z.minLength(1), z.maxLength(actions.length)), ["read"]),
  expiresInSeconds: z.optional(z.nullable(z.number().check(z.int(), z.minimum(1), z.maximum(315_360_000)))),
});
const defaultLifeSeconds = 90 * 86_400;

/** `/v1/tokens`: what its owner lists, makes and revokes. */
export function tokenRoutes(authority: TokenAuthority<unknown>): Hono {
  const routes = new Hono();
  const owner = async (request: Request, env: unknown): Promise<Actor> => {
    const actor = await authority.signedIn(request, env);
    if (!actor) throw new SessileError("unauthenticated", "Sign in first. A token cannot manage tokens.");
    return actor;
  };

  routes.get("/", async (context) => {
    const { id } = await owner(context.req.raw, context.env);
    const items = await authority.store(context.env).list(id);
    return Response.json({ items: items.map(shown) });
  });

  routes.post("/", async (context) => {
    const actor = await owner(context.req.raw, context.env);
    const {
      label,
      rights,
      expiresInSeconds = defaultLifeSeconds,
    } = parseWith(grantSchema, await readObject(context.req.raw), "body");
    const store = authority.store(context.env);
    if ((await store.list(actor.id)).length >= maxTokens)
      throw new SessileError("limit_exceeded", `There are ${maxTokens} tokens. Revoke one first.`, {
        limit: "maxTokens",
      });
    const now = Date.now();
    const expiresAt = expiresInSeconds === null ? null : now + expiresInSeconds * 1000;
    const token = newToken();
    const hash = (await tokenHash(token)) as string;
    const named = { tokenId: crypto.randomUUID(), hash };
    const stored = await store.create(named, actor, { label, rights, expiresAt }, now);
    return Response.json({ ...shown(stored), token }, { status: 201 });
  });

  routes.delete("/:tokenId", async (context) => {
    const { id } = await owner(context.req.raw, context.env);
    if (!(await authority.store(context.env).revoke(id, context.req.param("tokenId"))))
      throw new SessileError("not_found", "You have no such token.", { field: "tokenId" });
    return new Response(null, { status: 204 });
  });

  routes.all("/", () => {
    throw new MethodNotAllowed(["GET", "HEAD", "POST"]);
  });
  routes.all("/:tokenId", () => {
    throw new MethodNotAllowed(["DELETE"]);
  });
  return routes;
}

function shown({ createdAt, expiresAt, lastUsedAt, ...token }: StoredToken): object {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return { ...token, createdAt: time(createdAt), expiresAt: time(expiresAt), lastUsedAt: time(lastUsedAt) };
}
