import type { Context, Hono } from "hono";
import type { SessionVariables } from "./routes/session-routes.ts";

/** Types of the Hono app that `createSessile` returns. */
export interface AppTypes<Env> {
  Bindings: Env & object;
  Variables: SessionVariables & { readonly requestId: string };
}

export type App<Env> = Hono<AppTypes<Env>>;
export type AppContext<Env> = Context<AppTypes<Env>>;

/** Adds routes that were made without this deployment's types. */
export function mount<Env>(app: App<Env>, path: string, routes: unknown): void {
  app.route(path, routes as App<Env>);
}
