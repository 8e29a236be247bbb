import { type Action, actions } from "../protocol/access.ts";
import type { Actor } from "../protocol/event.ts";
import type { SessileOptions } from "./options.ts";
import { clientOf } from "./routes/quota-routes.ts";
import type { SessionVariables } from "./routes/session-routes.ts";
import { SessionTarget } from "./session-stub.ts";
import { assertMay, identified, may } from "./who-may.ts";

/** A session as this request's sender may use it. @throws SessileError */
export async function openSession<Env>(
  options: SessileOptions<Env>,
  request: Request,
  env: Env,
  kind: string,
  name: string,
): Promise<SessionVariables> {
  const client = await clientOf(options.quotas, request, env);
  const target = new SessionTarget(env, options.kinds, kind, name, client);
  const actor = await identified(options, request, env);
  return {
    target,
    actor,
    require: (action) => assertMay(options, env, { actor, action, kind, name }),
    rights: async () => {
      const asked = actions.map(async (action) =>
        (await may(options, env, { actor, action, kind, name })) ? [action] : [],
      );
      return (await Promise.all(asked)).flat();
    },
  };
}

/** For what is no session of its own: a list, a standalone stream. @throws SessileError */
export async function requireAccess<Env>(
  options: SessileOptions<Env>,
  { req, env }: { readonly req: { readonly raw: Request }; readonly env: Env },
  action: Action,
  kind: string,
  name?: string,
): Promise<Actor | null> {
  const actor = await identified(options, req.raw, env);
  await assertMay(options, env, { actor, action, kind, ...(name === undefined ? {} : { name }) });
  return actor;
}
