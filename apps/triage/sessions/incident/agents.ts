import type { WorkContext } from "sessile";
import {
  chooseRecords,
  type Dossier,
  type DossierFinding,
  dossierFindings,
} from "../../src/agents/dossier.ts";
import { type AgentName, type AgentReport, agentNames } from "../../src/contract/agents.ts";
import type { Plain } from "../../src/contract/session.ts";
import { analyserNames } from "../../src/domain/index.ts";
import type { AgentDesk, Investigation } from "./investigation-port.ts";
import { cardOf, incidentOf, newActions, summaryOf } from "./verdict.ts";

const attempts = 4;

/**
 * Has the agents reason about what the analysers found: who looks into what, then those side by side, then all of it together, then
 * the plan. Where a round comes to nothing the model is in trouble: the rest is not asked, and the analysers' word stands. Without a model
 * nobody is asked.
 */
export async function askAgents(session: Investigation, work: WorkContext): Promise<void> {
  const { desk } = session;
  if (!desk) return session.commit(() => giveUp(session));
  const ask = async (agents: readonly AgentName[], questions?: ReadonlyMap<string, string>) => {
    let made: Dossier | null = null;
    // Made once a round, and only if somebody is still to be asked: it reads all of the evidence.
    const dossier = () => {
      made ??= dossierOf(session);
      return made;
    };
    const asked = agents.map((agent) =>
      askAgent(session, desk, work, { agent, question: questions?.get(agent) ?? null, dossier }),
    );
    const reports = await Promise.all(asked);
    return reports.some(({ conclusion }) => conclusion !== null) ? reports : null;
  };
  const [coordinated] = (await ask(["coordinator"])) ?? [];
  if (!coordinated) return;
  const questions = new Map(coordinated.assignments.map(({ analyser, question }) => [analyser, question]));
  const assigned = analyserNames.filter((name) => questions.size === 0 || questions.has(name));
  if (!(await ask(assigned, questions))) return;
  if (await ask(["synthesiser"])) await ask(["planner"]);
}

interface Asked {
  readonly agent: AgentName;
  readonly question: string | null;
  readonly dossier: () => Dossier;
}

async function askAgent(
  session: Investigation,
  desk: AgentDesk,
  work: WorkContext,
  { agent, question, dossier }: Asked,
): Promise<Plain<AgentReport>> {
  const known = session.state().agents?.[agent];
  if (known?.status === "done") return known;
  const runId = `${work.workId}:${agent}`;
  if (known?.status !== "running") setAgent(session, agent, { status: "running", startedAt: Date.now() });
  const ask = async () => {
    await session.nextTurn();
    return desk.ask({ runId, agent, question, dossier: dossier() });
  };
  const commit = (report: Plain<AgentReport>) => {
    settle(session, agent, report);
    desk.recordUsage({
      entryId: runId,
      kind: "subagent",
      source: "agent",
      name: agent,
      model: report.model,
      ...report.cost,
      ref: runId,
    });
  };
  try {
    return await work.step(`agent:${agent}`, ask, { attempts, commit });
  } catch (thrown) {
    session.warn(`The agent ${agent} could not be asked`, thrown);
    const report = silent("The agent could not be reached.");
    session.commit(() => settle(session, agent, report));
    return report;
  }
}

/** Those that were being asked when the model was taken away, which nobody asks any more. */
function giveUp(session: Investigation): void {
  const { agents = {} } = session.state();
  for (const agent of agentNames)
    if (agents[agent]?.status === "running") settle(session, agent, silent("No model is set any more."));
}

/** What it came to, with what it tried and may not. */
function settle(session: Investigation, agent: AgentName, report: Plain<AgentReport>): void {
  const { conclusion, error, findings, refusals, model } = report;
  setAgent(session, agent, { ...report, status: conclusion ? "done" : "failed", at: Date.now() });
  if (conclusion)
    session.append("agent.concluded", { agent, model, findings: findings.length, summary: conclusion.text });
  else session.append("agent.failed", { agent, model, error: error ?? "" });
  for (const refusal of refusals) session.append("agent.refused", { agent, ...refusal });
}

function setAgent(
  session: Investigation,
  agent: AgentName,
  state: NonNullable<ReturnType<Investigation["state"]>["agents"]>[string],
): void {
  session.update({ agents: { ...session.state().agents, [agent]: state } });
}

function dossierOf(session: Investigation): Dossier {
  const state = session.state();
  const summary = summaryOf(session.evidence.facts.summary, state);
  const card = cardOf(summary, state);
  const findings = findingsOf(state);
  return {
    incident: {
      ...incidentOf(summary),
      ownIps: summary.ownIps,
      severity: card.severity,
      type: card.type,
      alerts: summary.alertCount,
      firstAt: summary.firstAt,
      lastAt: summary.lastAt,
    },
    findings,
    records: chooseRecords(session.evidence.alerts(), findings),
    planned: [...(state.plan ?? []), ...newActions(summary, card, state).actions].map(({ id }) => id),
    assessment: card.narrative?.text ?? null,
  };
}

/** The most severe of each; analysers give them in that order. */
function findingsOf({
  analysers,
  agents = {},
}: ReturnType<Investigation["state"]>): readonly DossierFinding[] {
  const own = Object.entries(analysers).flatMap(([analyser, state]) =>
    state.status === "done" ? dossierFindings(state.findings, analyser, "analyser") : [],
  );
  const added = Object.entries(agents).flatMap(([analyser, state]) =>
    state.status === "running" ? [] : dossierFindings(state.findings, analyser, "model"),
  );
  return [...own, ...added];
}

function silent(error: string): AgentReport {
  return {
    model: "",
    conclusion: null,
    error,
    findings: [],
    assignments: [],
    proposals: [],
    refusals: [],
    code: [],
    cost: { inputTokens: 0, outputTokens: 0, costMicros: null, durationMs: 0 },
  };
}
