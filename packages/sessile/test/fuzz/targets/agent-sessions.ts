import type { ScriptedModel } from "../../workerd/scripted-model.ts";
import type { FuzzTarget } from "../fuzz.ts";
import type { Hostile } from "../hostile.ts";
import { disturbed, type SentRequest } from "./hostile-request.ts";
import { httpTarget } from "./http.ts";

const run = { agent: "careful", message: "Go", runId: "r-1" };
const delegation = {
  ...run,
  goOnAs: "r-2",
  deadlineMs: 60_000,
  budget: { tokens: 100, costMicros: 100 },
  outputSchema: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
  startedBy: "ada",
  access: { ownerId: "ada", visibility: "private", members: { eve: ["read"] } },
};

/** What agents' sessions take of clients, and of the sessions whose agents they work for. */
const requests: { readonly [path: string]: readonly unknown[] } = {
  runs: [run, { ...run, agent: "none" }],
  resume: [{ message: "Go on" }, { from: { runId: "r-1", step: 1 } }],
  interrupt: [{ runId: "r-1" }],
  abort: [{ runId: "r-1", force: true }],
  "gates/r-1": [{ answer: "approve" }],
  "call/startRun": [[run]],
  "call/resumeRun": [[{ message: "Go on" }]],
  "call/stopRun": [[{ how: "abort", runId: "r-1", force: true }]],
  "call/delegateRun": [[run], [delegation]],
  "call/watchRun": [[]],
};

/** Sessions with agents, which work and ask while nonsense comes. */
export function agentSessions(url: string, model: ScriptedModel): FuzzTarget {
  model.otherwise = ({ turn }) =>
    turn === 0 ? { calls: [{ id: "call_1", name: "pay", args: { n: 1 } }] } : { text: "Done." };
  return httpTarget({ name: "runs", weight: 1, url, requestOf });
}

function requestOf(hostile: Hostile): SentRequest {
  const { random } = hostile;
  const [path, bodies] = random.pick(Object.entries(requests));
  // Several, as one session has one run at a time.
  const session = `${random.pick(["helpers", "owned", "titled"])}/fuzzed-${random.between(0, 19)}`;
  return disturbed(hostile, {
    method: "POST",
    path: `/v1/sessions/${session}/${path}`,
    headers: { "x-user": random.pick(["ada", "ada", "eve"]) },
    body: hostile.like(bodies),
  });
}
