import { type Action, type Actor, callable, operatorId } from "sessile";
import {
  type AgentDefinition,
  AgentSession,
  type AgentSessionState,
  initialAgent,
  workerSandbox,
} from "sessile/agent";
import { createAgents } from "../../src/agents/agents.ts";
import { chooseModel } from "../../src/agents/choose-model.ts";
import type { AgentTask } from "../../src/agents/dossier.ts";
import { messageOf } from "../../src/agents/instructions.ts";
import { reportOf } from "../../src/agents/report.ts";
import type { AgentReport } from "../../src/contract/agents.ts";
import type { Plain } from "../../src/contract/session.ts";
import type { Env } from "../../src/worker/env.ts";

type InvestigatorState = AgentSessionState & { readonly task: Plain<AgentTask> | null };

/**
 * One agent at work on one incident, named `{incident}.{agent}`. It has a copy of the incident's dossier and no way to the incident:
 * whatever its model is made to want, its report is all that comes of it.
 */
export default class Investigator extends AgentSession<Env, InvestigatorState> {
  readonly kind = "investigator";
  override readonly initialState: InvestigatorState = { ...initialAgent, task: null };
  readonly #chosen = chooseModel(this.env);
  readonly #sandbox = this.env.SANDBOX ? workerSandbox(this.env.SANDBOX) : null;
  readonly agents: readonly AgentDefinition[] = this.#chosen
    ? createAgents(this.#chosen, this.#sandbox, () => this.#task())
    : [];

  /** Carries out a task and reports. The same task again joins it, another takes its place. */
  readonly investigate = callable(async (task: Plain<AgentTask>): Promise<Plain<AgentReport>> => {
    const { runId, agent } = task;
    this.commit(() => {
      if (this.state.task?.runId !== runId) {
        // Whoever asked for another has given it up, and it may have gone on all the same.
        this.runs.abort(undefined, { force: true });
        this.setState({ ...this.state, task });
      }
      this.runs.start({ runId, agent, message: messageOf(task) });
    });
    const run = this.runs.handle(runId);
    // A run that fails says so in what is read next.
    await run.result().catch(() => {});
    const said = this.messages().filter((one) => one.runId === runId);
    return reportOf(said, await run.info(), {
      model: this.#chosen?.name ?? "",
      prices: this.#chosen?.prices ?? null,
    });
  });

  /** Everybody reads along; only the incident that asks gives it anything to do. */
  override authorize(actor: Actor | null, action: Action): boolean {
    return (
      action === "read" ||
      actor?.id === operatorId ||
      actor?.id === `session:incident/${this.name.split(".")[0]}`
    );
  }

  #task(): Plain<AgentTask> {
    const { task } = this.state;
    if (!task) throw new TypeError("An agent runs without a task.");
    return task;
  }
}
