import { SessileError } from "../protocol/error.ts";
import type { AppContext } from "./app.ts";
import { type Middleware, refusedUpgrade, runMiddleware } from "./middleware.ts";
import type { SessileOptions } from "./options.ts";
import { isWebSocket } from "./routes/agents-routes.ts";

/** A kind's middleware; for all kinds that of each, once. */
function middlewareOf<Env>({ kinds }: SessileOptions<Env>, kind: string | null): readonly Middleware<Env>[] {
  if (kind === null) return [...new Set(Object.values(kinds).flatMap(({ middleware = [] }) => middleware))];
  return (Object.hasOwn(kinds, kind) ? kinds[kind]?.middleware : undefined) ?? [];
}

/** Answers a request behind its kind's middleware. @throws SessileError if that refuses a socket */
export async function behindMiddleware<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
  kind: string | null,
  name: string | null,
  answer: () => Promise<unknown>,
): Promise<Response | undefined> {
  const chain = middlewareOf(options, kind);
  if (chain.length === 0) return answerOf(await answer());
  const { raw: request } = context.req;
  const asked = { request, env: context.env as Env, kind, name, stash: new Map() };
  const response = await runMiddleware(chain, asked, async (changed) => {
    context.req.raw = changed;
    return answerOf(await answer()) ?? context.res;
  });
  // Hono would write the headers of the answer there is over those of the one that takes its place.
  if (context.finalized) context.res = undefined;
  if (isWebSocket(request) && response.status !== 101) throw refusedUpgrade(response.status);
  context.res = response;
  return response;
}

/** A handler answers with a response, or leaves one in its context. */
function answerOf(answered: unknown): Response | undefined {
  return answered instanceof Response ? answered : undefined;
}

/** For one session, or kind, of many in a request: its middleware is asked, and its answer means only yes or no. @throws SessileError */
export async function assertPasses<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
  kind: string,
  name: string | null,
): Promise<void> {
  let passed = false;
  const { url, method, headers } = context.req.raw;
  // Without the body: it is being read, and another request could not be made of it.
  const request = new Request(url, { method, headers });
  const asked = { request, env: context.env as Env, kind, name, stash: new Map() };
  await runMiddleware(middlewareOf(options, kind), asked, async () => {
    passed = true;
    return new Response(null, { status: 204 });
  });
  if (!passed) throw new SessileError("forbidden", `The kind ${kind} refuses this.`);
}

/** For one kind of many in a list. One whose middleware fails is hidden like one whose middleware refuses. */
export function passes<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
  kind: string,
): Promise<boolean> {
  return assertPasses(options, context, kind, null).then(
    () => true,
    () => false,
  );
}
