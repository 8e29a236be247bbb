import {
  type Action,
  type Actor,
  callable,
  type Gate,
  type GateOutcome,
  type Json,
  operatorId,
  type Peer,
  SessileError,
  Session,
  type SessionView,
  workflow,
} from "sessile";
import { createD1Record } from "sessile/d1";
import type { AgentTask } from "../../src/agents/dossier.ts";
import type { Decision, IncidentEvents, IncidentState, Mark } from "../../src/contract/incident.ts";
import type { EvidenceQuery, IncidentDocument, Plain } from "../../src/contract/session.ts";
import { type Analyser, highestSeverity, severityRank } from "../../src/domain/index.ts";
import { readIncident } from "../../src/worker/database/incident-queries.ts";
import { agentModelOf, capabilitiesOf, type Env } from "../../src/worker/env.ts";
import { createAnalysers } from "./create-analysers.ts";
import { EvidenceTable, evidenceMigrations } from "./evidence-table.ts";
import { initialState } from "./initial-state.ts";
import { consult, investigate, reanalyse } from "./investigation.ts";
import type { AgentDesk, Investigation } from "./investigation-port.ts";
import { addNote, editNote } from "./notes.ts";
import { type AlertTaker, hasNewAlerts, takeAlerts } from "./take-alerts.ts";

const takeWork = "take-alerts";
const takeAgainTimer = "take-again";
const takeAgainMs = 30_000;
/** The first visitor waits at most this long for D1; what it tells comes later then. */
const maxAdoptMs = 3000;

/**
 * One incident: its evidence, its investigation, its notes and decisions, for everyone who has it open. Refusals are
 * `illegal_transition` in the wrong status, `not_found`, `conflict` with `currentVersion`, `gate_closed`, `bad_request`.
 */
export default class SIRTSession extends Session<Env, IncidentDocument, IncidentEvents> {
  readonly kind = "incident";
  readonly initialState = initialState;
  override readonly migrations = evidenceMigrations;
  override readonly clientWrites = { state: false, status: false, events: [] };
  override readonly workflow = workflow({
    initial: "new",
    transitions: { new: ["investigating"], investigating: ["triaged"], triaged: ["closed"], closed: [] },
  });
  override readonly works = {
    [takeWork]: () => this.#takeOrTryLater(),
    investigate: (work: Parameters<typeof investigate>[1]) => investigate(this.#investigation(), work),
    reanalyse: (work: Parameters<typeof reanalyse>[1], input: Json) =>
      reanalyse(this.#investigation(), work, String(input)),
    consult: (work: Parameters<typeof consult>[1]) => consult(this.#investigation(), work),
  };

  #taking: Promise<void> | null = null;
  #askedAgain = false;
  #turns: Promise<void> = Promise.resolve();

  /** new → investigating. */
  readonly startInvestigation = callable((): void => this.#start("button", null));

  /** Runs one failed analyser again; the card follows. */
  readonly retryAnalysis = callable((analyser: string): void => {
    this.#refuseClosed();
    // A caller's JSON is what it is, whatever the type says.
    const isName = typeof analyser === "string" && Object.hasOwn(this.state.analysers, analyser);
    const known = isName ? this.state.analysers[analyser] : undefined;
    if (!known) throw new SessileError("not_found", "There is no such analyser.", { field: "analyser" });
    if (known.status !== "failed")
      throw new SessileError("illegal_transition", `This analyser has not failed: it is ${known.status}.`, {
        current: known.status,
      });
    this.#update({ analysers: { ...this.state.analysers, [analyser]: { status: "waiting" } } });
    this.startWork("reanalyse", { workId: `reanalyse-${crypto.randomUUID()}`, input: analyser });
  });

  /** Asks the agents that have not answered: the model was in trouble, or was not there yet. */
  readonly consultAgents = callable((): void => {
    if (!this.#desk())
      throw new SessileError("unavailable", "No model is set in this deployment, so there are no agents.");
    const isBusy = Object.values(this.view.work).some((name) => name === "consult" || name === "investigate");
    if (this.status !== "triaged" || isBusy)
      throw new SessileError("illegal_transition", "Agents are asked once an incident is triaged.", {
        current: this.status,
      });
    this.startWork("consult", { workId: `consult-${crypto.randomUUID()}` });
  });

  /** @returns the note's id */
  readonly addNote = callable((text: string): string => {
    const { notes, note } = addNote(this.state.notes, text, this.#mark());
    this.#update({ notes });
    this.append("note.added", { noteId: note.id, text: note.text });
    return note.id;
  });

  /** `version` is the one the edit was made from. @returns the new version */
  readonly editNote = callable((noteId: string, version: number, text: string): number => {
    const { notes, note } = editNote(this.state.notes, noteId, version, text, this.#mark());
    this.#update({ notes });
    this.append("note.edited", { noteId, version: note.version, text: note.text });
    return note.version;
  });

  /** One action of the plan; the same as answering its gate. */
  readonly decideAction = callable(
    (actionId: string, decision: "approved" | "rejected", comment: string): void => {
      const action = this.state.plan?.find(({ id }) => id === actionId);
      if (!action) throw new SessileError("not_found", "The plan has no such action.", { field: "actionId" });
      if (decision !== "approved" && decision !== "rejected")
        throw new SessileError("bad_request", "decision is approved or rejected.", { field: "decision" });
      const trimmed = textOf(comment);
      const answer = decision === "approved" ? "approve" : "reject";
      this.answerGate(action.gateId, answer, trimmed === "" ? {} : { comment: trimmed });
    },
  );

  /** triaged → closed. At least one of the two is not blank. */
  readonly recordDecision = callable((decision: string, comment: string): void => {
    const made = { decision: textOf(decision), comment: textOf(comment) };
    if (made.decision === "" && made.comment === "")
      throw new SessileError("bad_request", "Say what was decided, or why.", { field: "decision" });
    this.setStatus("closed");
    // What nobody decided lapses; it is not recorded as somebody's answer.
    for (const gateId of Object.keys(this.view.gates)) this.expireGate(gateId);
    this.#update({ closed: { ...this.#mark(), ...made } });
    this.append("decision.recorded", made);
  });

  /** The evidence that the session holds, in order of time. */
  readonly evidence = callable((query: EvidenceQuery) => this.#evidence.page(query ?? {}));

  /** The ingest says that D1 has more. Best effort: what is missed is found on the next wake or visit. */
  async alertsArrived(): Promise<void> {
    await this.#look();
  }

  override async onStart(): Promise<void> {
    if (this.state.title === "") await Promise.race([this.#adopt(), scheduler.wait(maxAdoptMs)]);
    this.ctx.waitUntil(this.#look());
  }

  override onConnect(peer: Peer): void {
    const { startOn } = capabilitiesOf(this.env);
    if (startOn === "open" && this.status === "new" && peer.actor) {
      this.commit(() => this.#start("open", peer.actor));
    }
    this.ctx.waitUntil(this.#look());
  }

  override async onTimer(name: string): Promise<void> {
    if (name === takeAgainTimer) await this.#look();
  }

  override onGate(gate: Gate, outcome: GateOutcome): void {
    const action = this.state.plan?.find(({ gateId }) => gateId === gate.gateId);
    if (!action) return;
    const decision = decisionOf(outcome);
    const comment = outcome.status === "answered" ? outcome.comment : null;
    const decided = outcome.status === "answered" ? this.#mark() : { by: null, at: Date.now() };
    this.#update({
      plan: (this.state.plan ?? []).map((other) =>
        other.id === action.id ? { ...other, decision, decided, comment } : other,
      ),
    });
    this.append("action.decided", { actionId: action.id, title: action.title, decision });
  }

  /** People decide. A session, such as an agent's, reads. */
  override authorize(actor: Actor | null, action: Action): boolean {
    if (actor?.id === operatorId) return true;
    return action === "read" || (action !== "admin" && actor !== null && !actor.id.startsWith("session:"));
  }

  /** Guests watch; only people with a name are heard by the others. */
  override onMessage(peer: { readonly actor: unknown }): boolean {
    return peer.actor !== null;
  }

  override describe() {
    return {
      title: ({ state, name }: SessionView<IncidentDocument>) => state.title || name,
      facts: factsOf,
    };
  }

  override recordOf(env: Env) {
    return createD1Record(env.INCIDENTS_DB);
  }

  /** Below the pretty address: `evidence/{hash}` is a record as it came in. */
  override onRequest(request: Request): Response {
    const [, what, hash = ""] = new URL(request.url).pathname.split("/");
    const raw = what === "evidence" && request.method === "GET" ? this.#evidence.raw(hash) : null;
    if (raw === null) return Response.json({ code: "not_found", status: 404, title: "Not found" }, notFound);
    return new Response(raw, { headers: { "content-type": "application/json" } });
  }

  /** The seam for other analysers. */
  protected analysers(): readonly Analyser[] {
    return createAnalysers(this.env);
  }

  get #evidence(): EvidenceTable {
    return new EvidenceTable(this.ctx.storage.sql);
  }

  #start(startOn: "open" | "button", peer: Peer["actor"]): void {
    const actor = peer ?? this.caller;
    this.setStatus("investigating", { actor });
    this.#update({ started: { by: nameOf(actor), at: Date.now() } });
    this.append("investigation.started", { startOn }, { actor });
    this.startWork("investigate");
  }

  #refuseClosed(): void {
    if (this.status === "closed")
      throw new SessileError("illegal_transition", "This incident is closed.", { current: "closed" });
  }

  #update(change: Partial<IncidentState>): void {
    this.setState({ ...this.state, ...change } as IncidentDocument);
  }

  #mark(): Mark {
    return { by: nameOf(this.caller), at: Date.now() };
  }

  /** Title and severity as the queue shows them, until the alerts themselves are here. */
  async #adopt(): Promise<void> {
    try {
      const { incident } = await readIncident(this.env.INCIDENTS_DB, this.name);
      const { title, severity, type } = incident;
      if (this.state.title === "") this.#update({ title, severity, type });
    } catch (thrown) {
      this.#warn("D1 did not tell what this incident is", thrown);
    }
  }

  /** Starts taking alerts if there are any to take. Never throws. */
  async #look(): Promise<void> {
    try {
      if (this.#taking) this.#askedAgain = true;
      else if (await hasNewAlerts(this.#taker())) this.#startTaking();
    } catch (thrown) {
      this.#warn("D1 could not be asked for new alerts", thrown);
    }
  }

  #startTaking(): void {
    if (this.#taking || Object.values(this.view.work).includes(takeWork)) return;
    this.startWork(takeWork, { workId: `${takeWork}-${crypto.randomUUID()}` });
  }

  async #takeOrTryLater(): Promise<undefined> {
    try {
      await this.#take();
    } catch (thrown) {
      this.#warn("Alerts could not be taken; trying again shortly", thrown);
      this.setTimer({ timerId: takeAgainTimer, name: takeAgainTimer, dueAt: Date.now() + takeAgainMs });
    }
  }

  /** One at a time; whoever comes meanwhile waits for the same. */
  #take(): Promise<void> {
    this.#taking ??= this.#takeUntilNoneIsLeft().finally(() => {
      this.#taking = null;
    });
    return this.#taking;
  }

  async #takeUntilNoneIsLeft(): Promise<void> {
    do {
      this.#askedAgain = false;
      await takeAlerts(this.#taker());
    } while (this.#askedAgain);
  }

  #taker(): AlertTaker {
    return {
      name: this.name,
      db: this.env.INCIDENTS_DB,
      evidence: this.#evidence,
      commit: (body) => this.commit(body),
      attached: (payload) => void this.append("alerts.attached", payload),
      progressed: (done) => this.#progressed(done),
    };
  }

  /** The state follows the evidence; what an investigation found is never taken back by it. */
  #progressed(done: boolean): void {
    const { summary } = this.#evidence.facts;
    if (!summary) return;
    const { state } = this;
    const alerts = { total: summary.alertCount, firstAt: summary.firstAt, lastAt: summary.lastAt };
    const next = done
      ? {
          alerts,
          title: summary.title,
          severity: state.card ? highestSeverity(state.card.severity, summary.severity) : summary.severity,
          type: state.card?.type ?? summary.type,
        }
      : { alerts };
    const current = { alerts: state.alerts, title: state.title, severity: state.severity, type: state.type };
    if (JSON.stringify({ ...current, ...next }) !== JSON.stringify(current)) this.#update(next);
  }

  #investigation(): Investigation {
    return {
      analysers: this.analysers(),
      evidence: this.#evidence,
      desk: this.#desk(),
      state: () => this.state,
      status: () => this.status,
      update: (change) => this.#update(change),
      append: (type, payload) => void this.append(type, payload),
      setStatus: (to) => this.setStatus(to),
      openGate: (request) => void this.openGate(request),
      commit: (body) => this.commit(body),
      takeAlerts: () => this.#take(),
      nextTurn: () => {
        this.#turns = this.#turns.then(() => scheduler.wait(1));
        return this.#turns;
      },
      warn: (message, thrown) => this.#warn(message, thrown),
    };
  }

  /** Agents work in sessions of their own, which this one gives a copy of what it knows. */
  #desk(): AgentDesk | null {
    const { INVESTIGATOR: investigators } = this.env;
    if (!investigators || !agentModelOf(this.env)) return null;
    return {
      ask: (task) =>
        this.child(investigators, `${this.name}.${task.agent}`).call.investigate(task as Plain<AgentTask>),
      recordUsage: (report) => void this.recordUsage(report),
    };
  }

  #warn(message: string, thrown: unknown): void {
    this.log("warn", "incident", message, {
      detail: thrown instanceof Error ? thrown.message : String(thrown),
    });
  }
}

/** What lists hear. Until the session knows its incident, and while it counts, they keep what D1 told them. */
function factsOf({ state, work }: SessionView<IncidentDocument>): Record<string, Json> {
  if (state.title === "") return {};
  const isCounting = Object.keys(work).length > 0 || state.alerts.total === 0;
  return {
    severity: state.severity,
    type: state.type,
    ...(isCounting ? {} : { alerts: state.alerts.total, lastAt: state.alerts.lastAt }),
    verdictSeverity: state.card ? severityRank(state.card.severity) : 0,
    verdictType: state.card?.type ?? null,
  };
}

const notFound = { status: 404, headers: { "content-type": "application/problem+json" } };

function nameOf(actor: Peer["actor"]): string | null {
  return actor ? (actor.name ?? actor.id) : null;
}

function decisionOf(outcome: GateOutcome): Decision {
  if (outcome.status === "expired") return "expired";
  return outcome.answer === "approve" ? "approved" : "rejected";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
