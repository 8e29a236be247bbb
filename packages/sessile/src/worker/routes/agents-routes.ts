import { Hono } from "hono";
import { agentHeader, agentNameOf } from "../../protocol/agents-frame.ts";
import { SessileError } from "../../protocol/error.ts";
import type { KindOptions } from "../options.ts";
import { isUpgrade, type SessionVariables } from "./session-routes.ts";

/** Session `name` of `kind` as this request's sender may use it. */
type OpenSession = (request: Request, env: unknown, kind: string, name: string) => Promise<SessionVariables>;

/** Where Agents SDK clients look for sessions by default: `/agents/{agent}/{name}`. */
export function agentsRoutes(kinds: { readonly [kind: string]: KindOptions }, open: OpenSession): Hono {
  const routes = new Hono();
  const answer = async (request: Request, env: unknown, agent: string, name: string): Promise<Response> => {
    const [, , , , ...suffix] = new URL(request.url).pathname.split("/");
    const variables = await open(request, env, kindOfAgent(kinds, agent), name);
    if (!isWebSocket(request)) {
      await variables.require(request.method === "GET" || request.method === "HEAD" ? "read" : "write");
      return variables.target.forward(withPath(request, suffix), variables.actor);
    }
    await variables.require("read");
    if (isUpgrade(request))
      return variables.target.forward(request, variables.actor, await variables.rights());
    if (suffix[0] === "sub" && suffix.length > 1)
      throw new SessileError("not_found", "Sessions have no sub-agents: address each by its own name.");
    return openAgentSocket(request, variables, agent);
  };
  routes.all("/:agent/:name", (context) =>
    answer(context.req.raw, context.env, context.req.param("agent"), context.req.param("name")),
  );
  routes.all("/:agent/:name/*", (context) =>
    answer(context.req.raw, context.env, context.req.param("agent"), context.req.param("name")),
  );
  return routes;
}

/** A kind is known by its own name, and by its binding's as the Agents SDK spells it: `CHAT_AGENT` is `chat-agent`. */
export function kindOfAgent(kinds: { readonly [kind: string]: KindOptions }, agent: string): string {
  if (Object.hasOwn(kinds, agent)) return agent;
  const bound = Object.entries(kinds).find(([, { binding }]) => agentNameOf(binding) === agent);
  return bound?.[0] ?? agent;
}

/** @param agent what the client calls the kind @throws SessileError */
export async function openAgentSocket(
  request: Request,
  { target, actor, rights }: SessionVariables,
  agent: string,
): Promise<Response> {
  const response = await target.forward(request, actor, await rights(), { [agentHeader]: agent });
  if (response.status === 101) return response;
  const error = (await response.json().catch(() => null)) as {
    readonly code?: string;
    readonly detail?: string;
  } | null;
  throw SessileError.fromWire({
    code: (error?.code ?? "unavailable") as SessileError["code"],
    message: error?.detail ?? "The session did not open a socket.",
  });
}

export function isWebSocket(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The request as the kind's own code gets it: with what follows the session's address as its path. */
export function withPath(request: Request, suffix: readonly string[]): Request {
  const url = new URL(request.url);
  url.pathname = `/${suffix.join("/")}`;
  return new Request(url, request);
}
