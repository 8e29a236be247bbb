import { routeAgentRequest } from "agents";
import type { StreamObject } from "sessile/stream";
import { createSessile } from "sessile/worker";
import type { BenchAgent } from "./bench-agent.ts";
import type { BenchAgentStreams } from "./bench-agent-streams.ts";
import type { BenchSession } from "./bench-session.ts";
import type { FloorBare } from "./floor-bare.ts";
import type { FloorD1 } from "./floor-d1.ts";
import type { FloorGrouped } from "./floor-grouped.ts";
import type { LedgerSession, MirrorDownSession, MirrorSession } from "./record-sessions.ts";

export { StreamObject } from "sessile/stream";
export { BenchAgent } from "./bench-agent.ts";
export { BenchAgentStreams } from "./bench-agent-streams.ts";
export { BenchSession } from "./bench-session.ts";
export { FloorBare } from "./floor-bare.ts";
export { FloorD1 } from "./floor-d1.ts";
export { FloorGrouped } from "./floor-grouped.ts";
export { LedgerSession, MirrorDownSession, MirrorSession } from "./record-sessions.ts";

interface Env {
  readonly BenchSession: DurableObjectNamespace<BenchSession>;
  readonly SESSILE_STREAM: DurableObjectNamespace<StreamObject>;
  readonly BenchAgent: DurableObjectNamespace<BenchAgent>;
  readonly BenchAgentStreams: DurableObjectNamespace<BenchAgentStreams>;
  readonly FloorGrouped: DurableObjectNamespace<FloorGrouped>;
  readonly FloorBare: DurableObjectNamespace<FloorBare>;
  readonly FloorD1: DurableObjectNamespace<FloorD1>;
  readonly LedgerSession: DurableObjectNamespace<LedgerSession>;
  readonly MirrorSession: DurableObjectNamespace<MirrorSession>;
  readonly MirrorDownSession: DurableObjectNamespace<MirrorDownSession>;
}

const sessile = createSessile<Env>({
  kinds: {
    bench: { binding: "BenchSession", route: "bench" },
    ledger: { binding: "LedgerSession", route: "ledger" },
    mirror: { binding: "MirrorSession", route: "mirror" },
    "mirror-down": { binding: "MirrorDownSession", route: "mirror-down" },
  },
  streams: { binding: "SESSILE_STREAM" },
});

/** All subjects in one Worker: `/bench/{name}`, `/agents/bench-agent/{name}`, `/agents-streams/{name}`, `/floor/{class}/{name}`, `/rows/{class}/{name}`, `/bytes/{class}/{name}`. */
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const [, head, className = "", name = ""] = new URL(request.url).pathname.split("/");
    switch (head) {
      case "floor":
        return floorOf(env, className, name).fetch(request);
      case "rows":
        return Response.json(await rowsOf(env, className, name));
      case "bytes":
        return Response.json(await env.BenchSession.getByName(name).databaseBytes());
      case "agents-streams":
        return env.BenchAgentStreams.getByName(className).fetch(request);
      case "agents":
        return (await routeAgentRequest(request, env)) ?? new Response("No such agent.\n", { status: 404 });
      default:
        return sessile.fetch(request, env, context);
    }
  },
};

function floorOf(env: Env, className: string, name: string): { fetch(request: Request): Promise<Response> } {
  if (className === "FloorGrouped") return env.FloorGrouped.getByName(name);
  return className === "FloorD1" ? env.FloorD1.getByName(name) : env.FloorBare.getByName(name);
}

function rowsOf(env: Env, className: string, name: string): Promise<number> {
  switch (className) {
    case "BenchSession":
      return env.BenchSession.getByName(name).rowsWritten();
    case "BenchAgent":
      return env.BenchAgent.getByName(name).rowsWritten();
    case "BenchAgentStreams":
      return env.BenchAgentStreams.getByName(name).rowsWritten();
    case "FloorGrouped":
      return env.FloorGrouped.getByName(name).rowsWritten();
    default:
      return env.FloorBare.getByName(name).rowsWritten();
  }
}
