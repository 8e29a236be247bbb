import { Hono } from "hono";
import { SessileError } from "sessile";
import { problemResponse } from "sessile/worker";
import sessions from "../../.sessions/worker.ts";
import { apiRoutes } from "./api-routes.ts";
import type { AppTypes } from "./app-types.ts";
import { asProblem } from "./as-problem.ts";

/** The Worker: the app's own API, and sessions as the library serves them. */
export function createApp(): Hono<AppTypes> {
  const app = new Hono<AppTypes>();
  app.onError((thrown) => problemResponse(asProblem(thrown), crypto.randomUUID()));
  // The library's own middleware comes first: it refuses what other web sites send, to the API below too.
  app.route("/", sessions as unknown as Hono<AppTypes>);
  app.route("/api", apiRoutes());
  app.notFound(() =>
    problemResponse(new SessileError("not_found", "There is nothing at this address."), crypto.randomUUID()),
  );
  return app;
}
