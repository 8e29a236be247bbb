import type { GateRequest, WorkContext } from "sessile";
import type { AnalyserState, IncidentEvents, IncidentState } from "../../src/contract/incident.ts";
import type { Plain } from "../../src/contract/session.ts";
import type { Analyser, AnalyserResult, Evidence, IncidentSummary } from "../../src/domain/index.ts";
import type { EvidenceTable } from "./evidence-table.ts";
import { cardOf, incidentOf, newActions } from "./verdict.ts";

/** What an investigation needs of the session it runs in. */
export interface Investigation {
  readonly analysers: readonly Analyser[];
  readonly evidence: EvidenceTable;
  state(): Plain<IncidentState>;
  status(): string | null;
  update(change: Partial<IncidentState>): void;
  append<Type extends keyof IncidentEvents & string>(type: Type, payload: IncidentEvents[Type]): void;
  setStatus(to: string): void;
  openGate(request: GateRequest): void;
  commit(body: () => void): void;
  takeAlerts(): Promise<void>;
  /** Begins another turn of the event loop, for one caller at a time: analysers compute, and others must get in between. */
  nextTurn(): Promise<void>;
  warn(message: string, thrown: unknown): void;
}

const takeAttempts = 6;
const analyserAttempts = 3;

/**
 * Takes the evidence, asks every analyser side by side, and judges. Each analyser is a step of its own, whose result is
 * stored the moment it is there; after a crash, only what was not finished runs again.
 */
export async function investigate(session: Investigation, work: WorkContext): Promise<undefined> {
  await takeEvidence(session, work);
  await Promise.all(session.analysers.map((analyser) => analyse(session, work, analyser)));
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

async function judge(session: Investigation, work: WorkContext): Promise<void> {
  await work.step("judge", () => null, { commit: () => applyVerdict(session) });
}

/** Card, plan, gates and status in one commit: nobody sees one without the others. */
function applyVerdict(session: Investigation): void {
  const state = session.state();
  if (session.status() === "closed") return;
  const summary = summaryOf(session);
  const card = cardOf(summary, state.analysers);
  const { playbook, actions } = newActions(summary, card, state.plan ?? []);
  const isFirst = session.status() === "investigating";
  session.update({
    card,
    plan: [...(state.plan ?? []), ...actions],
    severity: card.severity,
    type: card.type,
    ...(isFirst ? { triaged: { by: null, at: Date.now() } } : {}),
  });
  session.append("card.synthesised", {
    severity: card.severity,
    confidence: card.confidence,
    type: card.type,
  });
  if (isFirst || actions.length > 0) session.append("plan.proposed", { actions: actions.length, playbook });
  for (const { gateId, title, rationale } of actions) session.openGate({ gateId, title, detail: rationale });
  if (isFirst) session.setStatus("triaged");
}

function setAnalyser(session: Investigation, name: string, analyser: AnalyserState): void {
  session.update({ analysers: { ...session.state().analysers, [name]: analyser } });
}

function evidenceOf(session: Investigation): Evidence {
  return { incident: incidentOf(summaryOf(session)), alerts: session.evidence.alerts() };
}

/** Without any alert there is still what the queue said. */
function summaryOf(session: Investigation): IncidentSummary {
  const { summary } = session.evidence.facts;
  if (summary) return summary;
  const { title, severity, type, alerts } = session.state();
  return {
    title,
    severity,
    type,
    firstAt: alerts.firstAt,
    lastAt: alerts.lastAt,
    alertCount: 0,
    counts: { low: 0, medium: 0, high: 0, critical: 0 },
    actors: { hosts: [], ips: [], users: [] },
    ownIps: [],
    rank: "",
  };
}
