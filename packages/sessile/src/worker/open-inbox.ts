import type { SessileBindings } from "../object/session-bindings.ts";
import { SessileError } from "../protocol/error.ts";
import { createD1GatePolicies, type GatePolicyStore } from "../record/index.ts";
import type { AppContext } from "./app.ts";
import { assertPasses, passes } from "./kind-middleware.ts";
import type { SessileOptions } from "./options.ts";
import type { InboxCaller } from "./routes/inbox-routes.ts";
import { identified, may as mayDo, refusalOf } from "./who-may.ts";

/** The inbox as this request's sender may use it. */
export async function openInbox<Env>(
  options: SessileOptions<Env>,
  context: AppContext<Env>,
): Promise<InboxCaller> {
  const env = context.env as Env;
  const actor = await identified(options, context.req.raw, env);
  const ask: InboxCaller["may"] = async (action, kind, name) => {
    try {
      return await mayDo(options, env, { actor, action, kind, ...(name === undefined ? {} : { name }) });
    } catch (thrown) {
      // One session that is not for them, or not there any more, must not cost them the list.
      if (name !== undefined && thrown instanceof SessileError && !thrown.retryable) return false;
      throw thrown;
    }
  };
  // Many gates of one session are one question.
  const asked = new Map<string, Promise<boolean>>();
  const may: InboxCaller["may"] = (action, kind, name) => {
    const key = `${action} ${kind} ${name ?? ""}`;
    const known = asked.get(key) ?? ask(action, kind, name);
    asked.set(key, known);
    return known;
  };
  return {
    actor,
    record: options.record?.(env) ?? null,
    policies: policiesOf(options, env),
    kinds: Object.keys(options.kinds),
    may,
    passes: (kind) => passes(options, context, kind),
    assertPasses: (kind) => assertPasses(options, context, kind, null),
    async require(action, kind) {
      if (!(await may(action, kind))) throw refusalOf({ actor, action });
    },
  };
}

function policiesOf<Env>({ gatePolicies }: SessileOptions<Env>, env: Env): GatePolicyStore | null {
  if (gatePolicies) return gatePolicies(env);
  const { SESSILE_RECORD: database } = env as SessileBindings;
  return database ? createD1GatePolicies(database) : null;
}
