import type { RunScene } from "../../workerd/run-scene.ts";
import type { ServedAgents } from "../../workerd/serve-agents.ts";
import type { Fixture } from "../../workerd/start.ts";
import type { FuzzTarget } from "../fuzz.ts";
import { agentSessions } from "./agent-sessions.ts";
import { agentServers } from "./agents.ts";
import { alertFiles } from "./alerts.ts";
import { exportFiles } from "./files.ts";
import { frameParsers, kernelCommands } from "./frames.ts";
import { httpRoutes } from "./http.ts";
import { socketFrames } from "./sockets.ts";

/** What reads input, in this very process. */
export function parserTargets(): readonly FuzzTarget[] {
  return [frameParsers, kernelCommands, exportFiles, alertFiles];
}

/** The whole of it, on workerd. */
export function serverTargets(fixture: Fixture, agents: ServedAgents, runs: RunScene): readonly FuzzTarget[] {
  return [
    httpRoutes(fixture),
    socketFrames(fixture),
    agentServers(agents),
    agentSessions(runs.server.url, runs.model),
  ];
}
