import { places } from "../../workerd/agent-scene.ts";
import { call } from "../../workerd/run-contract.ts";
import type { ServedAgents } from "../../workerd/serve-agents.ts";
import type { FuzzTarget } from "../fuzz.ts";
import type { Hostile } from "../hostile.ts";
import { agentBodies } from "./agent-bodies.ts";
import { disturbed, type SentRequest } from "./hostile-request.ts";
import { httpTarget } from "./http.ts";

const servers = [...places, "guarded", "own-object", "own-workflow"];

/** The addresses of `AgentServer`s, whose agents work and ask. */
export function agentServers({ url, model }: ServedAgents): FuzzTarget {
  model.otherwise = ({ turn }) => (turn === 0 ? { calls: [call("risky", 1)] } : { text: "Done." });
  return httpTarget({ name: "agents", weight: 2, url, requestOf });
}

function requestOf(hostile: Hostile): SentRequest {
  const { random } = hostile;
  const [route, bodies] = random.pick(Object.entries(agentBodies));
  const [method = "", path = ""] = route.split(" ");
  // Several, as one session has one run at a time.
  const name = random.chance(0.1) ? hostile.text().slice(0, 200) : `fuzzed-${random.between(0, 9)}`;
  const isRead = method === "GET";
  return disturbed(hostile, {
    method,
    path: `/${random.pick(servers)}${path.replace(":sessionId", encodeURIComponent(name.toWellFormed()))}`,
    headers: random.chance(0.8) ? { "x-name": random.pick(["ada", "eve", "mallory"]) } : {},
    body: isRead
      ? null
      : hostile.like(bodies).replace('"sessionId":"fuzzed"', `"sessionId":${JSON.stringify(name)}`),
  });
}
