import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type AgentState, agentNames } from "../src/contract/agents.ts";
import type { IncidentState } from "../src/contract/incident.ts";
import { afterReading, answerAgents, call, ScriptedModel } from "./fixtures/agent-model.ts";
import { checkIns } from "./fixtures/stories.ts";
import { Triage } from "./fixtures/triage-server.ts";

vi.setConfig({ testTimeout: 30_000 });

let triage: Triage;
let model: ScriptedModel;
beforeAll(async () => {
  model = await ScriptedModel.start();
  triage = await Triage.start({
    vars: { TRIAGE_MODEL_URL: `${model.url}/v1`, TRIAGE_MODEL: "scripted", TRIAGE_MODEL_PRICES: "1,2" },
  });
  await triage.signIn("Ada");
}, 60_000);
afterAll(async () => {
  await triage[Symbol.asyncDispose]();
  await model.stop();
});

let hosts = 0;

/** A new incident, investigated to its end. */
async function investigated(): Promise<{ readonly name: string; readonly state: IncidentState }> {
  hosts += 1;
  const { incidents } = await triage.ingest(checkIns(5, `10.20.1.${hosts}`));
  const [name = ""] = incidents;
  expect((await triage.call(name, "startInvestigation")).status).toBe(200);
  return { name, ...(await triage.until(name, ({ status }) => status === "triaged")) };
}

function reportsOf({ agents = {} }: IncidentState) {
  return agents as Record<string, Exclude<AgentState, { status: "running" }>>;
}

test("agents reason over the analysers' findings, and everything says whose word it is", async () => {
  model.otherwise = answerAgents({
    coordinator: ({ turn }) => ({
      calls:
        turn === 0
          ? [
              call("assign", { analyser: "network", question: "How regular are the calls?" }),
              call("conclude", { summary: "The network first." }),
            ]
          : [],
      text: "Done.",
    }),
    network: afterReading((record) => ({
      calls: [
        call("report_finding", {
          title: "Check-ins every minute",
          detail: "The same server, the same port.",
          severity: "high",
          confidence: 0.8,
          evidence: [{ record, field: "dest_ip" }],
        }),
        call("conclude", { summary: "It is a beacon." }),
      ],
    })),
    synthesiser: afterReading((record) => ({
      calls: [
        call("conclude", { summary: "A host is controlled.", severity: "critical", evidence: [{ record }] }),
      ],
    })),
    planner: afterReading((record) => ({
      calls: [
        call("propose_action", {
          action: "review-exposure",
          targets: [],
          rationale: "Somebody got in.",
          evidence: [{ record }],
        }),
        call("conclude", { summary: "One more." }),
      ],
    })),
  });
  const { name, state } = await investigated();
  const reports = reportsOf(state);
  expect(Object.keys(reports).sort()).toEqual(["coordinator", "network", "planner", "synthesiser"]);
  expect(reports.network).toMatchObject({
    status: "done",
    model: "scripted",
    conclusion: { text: "It is a beacon." },
  });
  const [finding] = reports.network?.findings ?? [];
  expect(finding).toMatchObject({
    title: "Check-ins every minute",
    citations: [{ field: "dest_ip", excerpt: "203.0.113.7" }],
  });
  expect(state.card).toMatchObject({
    severity: "critical",
    severityBy: "model",
    narrative: { model: "scripted" },
  });
  const proposed = state.plan?.filter(({ by }) => by === "model") ?? [];
  expect(proposed).toMatchObject([
    { id: "review-exposure", rationale: "Somebody got in.", decision: "waiting" },
  ]);
  const gates = await triage.get<{ items: { gateId: string }[] }>(
    `/v1/sessions/incident/${name}/gates?status=waiting`,
  );
  expect(gates.items.map(({ gateId }) => gateId)).toContain(proposed[0]?.gateId);
  const usage = await triage.get<{ tokens: { total: number }; costMicros: number; subagentStats: object }>(
    `/v1/sessions/incident/${name}/usage`,
  );
  const tokens = Object.values(reports).reduce((sum, { cost }) => sum + cost.tokens, 0);
  expect(usage).toMatchObject({ tokens: { total: tokens }, unpriced: 0 });
  expect(usage.costMicros).toBeGreaterThan(0);
  expect(Object.keys(usage.subagentStats).sort()).toEqual(Object.keys(reports).sort());
});

test("without an assignment all of them are asked", async () => {
  model.otherwise = answerAgents({});
  const { state } = await investigated();
  expect(Object.keys(reportsOf(state)).sort()).toEqual([...agentNames].sort());
  expect(state.card).toMatchObject({
    severity: "high",
    severityBy: "analysers",
    narrative: { severity: "low" },
  });
});
