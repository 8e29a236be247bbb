import { routeAgentRequest } from "agents";
import { createSessile } from "sessile/worker";
import type { BenchAgent } from "./bench-agent.ts";
import type { BenchSession } from "./bench-session.ts";
import type { FloorBare } from "./floor-bare.ts";
import type { FloorGrouped } from "./floor-grouped.ts";

export { BenchAgent } from "./bench-agent.ts";
export { BenchSession } from "./bench-session.ts";
export { FloorBare } from "./floor-bare.ts";
export { FloorGrouped } from "./floor-grouped.ts";

interface Env {
  readonly BenchSession: DurableObjectNamespace<BenchSession>;
  readonly BenchAgent: DurableObjectNamespace<BenchAgent>;
  readonly FloorGrouped: DurableObjectNamespace<FloorGrouped>;
  readonly FloorBare: DurableObjectNamespace<FloorBare>;
}

const sessile = createSessile<Env>({ kinds: { bench: { binding: "BenchSession", route: "bench" } } });

/** All subjects in one Worker: `/bench/{name}`, `/agents/bench-agent/{name}`, `/floor/{class}/{name}`, `/rows/{class}/{name}`. */
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const [, head, className = "", name = ""] = new URL(request.url).pathname.split("/");
    switch (head) {
      case "floor":
        return floorOf(env, className, name).fetch(request);
      case "rows":
        return Response.json(await rowsOf(env, className, name));
      case "agents":
        return (await routeAgentRequest(request, env)) ?? new Response("No such agent.\n", { status: 404 });
      default:
        return sessile.fetch(request, env, context);
    }
  },
};

function floorOf(env: Env, className: string, name: string): { fetch(request: Request): Promise<Response> } {
  return className === "FloorGrouped" ? env.FloorGrouped.getByName(name) : env.FloorBare.getByName(name);
}

function rowsOf(env: Env, className: string, name: string): Promise<number> {
  switch (className) {
    case "BenchSession":
      return env.BenchSession.getByName(name).rowsWritten();
    case "BenchAgent":
      return env.BenchAgent.getByName(name).rowsWritten();
    case "FloorGrouped":
      return env.FloorGrouped.getByName(name).rowsWritten();
    default:
      return env.FloorBare.getByName(name).rowsWritten();
  }
}
