import type { WorkContext } from "sessile";
import type { AnalyserState } from "../../src/contract/incident.ts";
import type { Plain } from "../../src/contract/session.ts";
import type { Analyser, AnalyserResult, Evidence } from "../../src/domain/index.ts";
import { askAgents } from "./agents.ts";
import type { Investigation } from "./investigation-port.ts";
import { cardOf, incidentOf, newActions, summaryOf } from "./verdict.ts";

const takeAttempts = 6;
const analyserAttempts = 3;

/**
 * Takes the evidence, asks every analyser side by side, and judges. Where there are agents people need not wait for them: verdict and plan
 * are there before, and again after them. Each analyser is a step of its own, whose result is
 * stored the moment it is there; after a crash, only what was not finished runs again.
 */
export async function investigate(session: Investigation, work: WorkContext): Promise<undefined> {
  await takeEvidence(session, work);
  await Promise.all(session.analysers.map((analyser) => analyse(session, work, analyser)));
  if (session.desk) await work.step("judge-analysers", () => null, { commit: () => applyVerdict(session) });
  await askAgents(session, work);
  await judge(session, work);
}

/** One analyser again, and the verdict after it. */
export async function reanalyse(session: Investigation, work: WorkContext, name: string): Promise<undefined> {
  const analyser = session.analysers.find((candidate) => candidate.name === name);
  if (!analyser) return;
  await analyse(session, work, analyser);
  // An investigation that still runs judges at its own end.
  if (session.status() === "triaged") await judge(session, work);
}

/** The agents that have not answered yet, and the verdict after them. */
export async function consult(session: Investigation, work: WorkContext): Promise<undefined> {
  await askAgents(session, work);
  await judge(session, work);
}

/** While D1 is away there may still be evidence from earlier, and an investigation of that is better than none. */
async function takeEvidence(session: Investigation, work: WorkContext): Promise<void> {
  const take = async () => {
    await session.takeAlerts();
    return null;
  };
  try {
    await work.step("take-alerts", take, { attempts: takeAttempts });
  } catch (thrown) {
    session.warn("The newest alerts could not be taken; analysing those that are here", thrown);
  }
}

async function analyse(session: Investigation, work: WorkContext, analyser: Analyser): Promise<void> {
  const { name } = analyser;
  if (session.state().analysers[name]?.status !== "done")
    setAnalyser(session, name, { status: "running", startedAt: Date.now() });
  const run = async (): Promise<Plain<AnalyserResult>> => {
    await session.nextTurn();
    return analyser.analyse(evidenceOf(session));
  };
  try {
    await work.step(`analyse:${name}`, run, {
      attempts: analyserAttempts,
      commit: ({ summary, findings }) => {
        setAnalyser(session, name, { status: "done", at: Date.now(), summary, findings });
        session.append("analysis.completed", { analyser: name, findings: findings.length, summary });
      },
    });
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message.slice(0, 500) : "failed";
    session.warn(`The analyser ${name} failed`, thrown);
    session.commit(() => {
      setAnalyser(session, name, { status: "failed", at: Date.now(), error });
      session.append("analysis.failed", { analyser: name, error });
    });
  }
}

/** Card, plan, gates and status in one commit: nobody sees one without the others. */
async function judge(session: Investigation, work: WorkContext): Promise<void> {
  const commit = () => {
    applyVerdict(session);
    if (session.status() !== "investigating") return;
    session.update({ triaged: { by: null, at: Date.now() } });
    session.setStatus("triaged");
  };
  await work.step("judge", () => null, { commit });
}

function applyVerdict(session: Investigation): void {
  const state = session.state();
  if (session.status() === "closed") return;
  const summary = summaryOf(session.evidence.facts.summary, session.state());
  const card = cardOf(summary, state);
  const { playbook, actions } = newActions(summary, card, state);
  session.update({
    card,
    plan: [...(state.plan ?? []), ...actions],
    severity: card.severity,
    type: card.type,
  });
  session.append("card.synthesised", {
    severity: card.severity,
    confidence: card.confidence,
    type: card.type,
  });
  if (!state.card || actions.length > 0)
    session.append("plan.proposed", { actions: actions.length, playbook });
  for (const { gateId, title, rationale, by } of actions)
    session.openGate({
      gateId,
      title,
      detail: by === "model" ? `Proposed by the model: ${rationale}` : rationale,
    });
}

function setAnalyser(session: Investigation, name: string, analyser: AnalyserState): void {
  session.update({ analysers: { ...session.state().analysers, [name]: analyser } });
}

function evidenceOf(session: Investigation): Evidence {
  return {
    incident: incidentOf(summaryOf(session.evidence.facts.summary, session.state())),
    alerts: session.evidence.alerts(),
  };
}
