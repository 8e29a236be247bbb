import { type RunInfo, sessionActor } from "../../protocol/index.ts";
import type { Asker, DelegatedRun, Delegation } from "../children/child-sessions.ts";
import { sharedAccess } from "../children/shared-access.ts";
import type { RunSession } from "./run-session.ts";
import type { SessionRuns } from "./session-runs.ts";

/** What another session's agent has this session's do. */
export class DelegatedRuns {
  readonly #session: RunSession["session"];
  readonly #runs: SessionRuns;

  constructor({ session }: Pick<RunSession, "session">, runs: SessionRuns) {
    this.#session = session;
    this.#runs = runs;
  }

  /** Does it once, however often it is asked, and tells how that stands. */
  delegate({
    runId,
    goOnAs,
    message,
    agent: name,
    startedBy,
    access,
    budget,
    ...rest
  }: Delegation & Asker): DelegatedRun {
    const agent = name === undefined ? {} : { agent: name };
    const session = this.#session;
    const runs = this.#runs;
    const { parent, caller } = session;
    const isTrusted = parent !== null && caller?.id === sessionActor(parent).id;
    const delegation = isTrusted && startedBy !== undefined ? { ...rest, startedBy } : rest;
    const own = session.view.access;
    const shared = isTrusted && access && own ? sharedAccess(access, own) : null;
    if (shared) session.setAccess(shared);
    // All that is used here is used for the one task.
    if (isTrusted && budget && !runs.info(runId)) session.budgets.set({ budgetId: "task", max: budget });
    if (!runs.info(runId)) runs.start({ ...agent, message, runId }, delegation);
    else if (
      goOnAs !== undefined &&
      !runs.info(goOnAs) &&
      session.state.agent.last?.outcome === "interrupted"
    )
      runs.start({ ...agent, runId: goOnAs }, delegation);
    return this.#standing((goOnAs === undefined ? null : runs.info(goOnAs)) ?? runs.info(runId));
  }

  /** How the newest run stands; the parent is told of its end from now on. */
  watch(): DelegatedRun {
    this.#runs.reportEnd();
    const { active, last } = this.#session.state.agent;
    return this.#standing(this.#runs.info((active ?? last)?.runId ?? ""));
  }

  #standing(run: RunInfo | null): DelegatedRun {
    const session = this.#session;
    const { kind, name } = session.view;
    if (!run) return { child: { kind, name }, run, costMicros: 0 };
    const { costMicros, unpriced } = session.usage({ ref: run.runId });
    return { child: { kind, name }, run, costMicros: unpriced > 0 ? null : costMicros };
  }
}
