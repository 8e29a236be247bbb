import { type FlexibleSchema, type JSONSchema7, jsonSchema } from "ai";
import { untilStored } from "../../object/works/until-stored.ts";
import type { WorkContext } from "../../object/works/work-runner.ts";
import {
  type ActiveRun,
  defaultLimits,
  type RunMeta,
  runContentType,
  SessileError,
  type StreamInfo,
  type SuspendedRun,
} from "../../protocol/index.ts";
import { answerId } from "./call-key.ts";
import { fittingEnd } from "./output-fit.ts";
import { RunChunks } from "./run-chunks.ts";
import { RunControl } from "./run-control.ts";
import { endOf, type RunEnd } from "./run-end.ts";
import { RunLoop } from "./run-loop.ts";
import type { RunSession } from "./run-session.ts";
import { SessionRunPort } from "./session-run-port.ts";
import type { RunInput, SessionRuns } from "./session-runs.ts";

/** What an event says beside its message. */
const overheadChars = 500;

/** The work on a session's run: until the run has ended, or waits for others. */
export class RunWorker {
  readonly #options: RunSession;
  readonly #runs: SessionRuns;

  constructor(options: RunSession, runs: SessionRuns) {
    this.#options = options;
    this.#runs = runs;
  }

  /** Runs again whenever the object died meanwhile, and goes on from the messages and the journal. */
  async work(work: WorkContext, input: RunInput): Promise<undefined> {
    const runs = this.#runs;
    const active = runs.begin(input);
    // It had come to its end, and died before the journal knew.
    if (!active) return undefined;
    const { runId, deadlineAt } = active;
    const stop = () => {
      const current = runs.current(input);
      return current ? current.stop : "abort";
    };
    const control = new RunControl(stop, deadlineAt);
    runs.controls.set(runId, control);
    try {
      const end = await this.#endOf(work, active, control);
      if (runs.current(input)) await this.#settle(work, runId, () => runs.settle(input, end));
    } finally {
      // Whatever is still to come is nobody's any more.
      control.abort();
      control.dispose();
      if (runs.controls.get(runId) === control) runs.controls.delete(runId);
    }
    return undefined;
  }

  /** Whatever goes wrong before the loop can answer for it: a run whose work has ended must not be going on. */
  async #endOf(work: WorkContext, active: ActiveRun, control: RunControl): Promise<RunEnd | SuspendedRun> {
    const { runId, agent } = active;
    try {
      return await this.#execute(work, active, control);
    } catch (thrown) {
      this.#report(runId, "A run could not go on", thrown);
      return endOf(
        { runId, agent, said: this.#runs.conversation.read() },
        "failed",
        SessileError.from(thrown),
      );
    }
  }

  async #execute(work: WorkContext, active: ActiveRun, control: RunControl): Promise<RunEnd | SuspendedRun> {
    const { runId, agent: name } = active;
    const agent = this.#options.agents().find((one) => one.name === name);
    if (!agent) throw new SessileError("not_found", `There is no agent named "${name}" any more.`);
    const outputSchema = this.#askedSchema(runId);
    const asked = outputSchema ? { ...agent, outputSchema } : agent;
    const end = await new RunLoop(runId, asked, this.#port(work, active), control).run();
    // The run that asked looks at the answer to its own schema, whose checks are there.
    return outputSchema ? end : fittingEnd(end, agent.outputSchema);
  }

  /** How whoever started the run wants its answer, if they say so. */
  #askedSchema(runId: string): FlexibleSchema<unknown> | null {
    const { outputSchema } = (this.#stream(runId)?.meta as RunMeta | undefined)?.run ?? {};
    return outputSchema ? jsonSchema(outputSchema as JSONSchema7) : null;
  }

  #port(work: WorkContext, active: ActiveRun): SessionRunPort {
    const { session, write } = this.#options;
    const { conversation, questions, children } = this.#runs;
    const { runId } = active;
    const { maxPayloadChars, maxChunkChars } = { ...defaultLimits, ...session.limits };
    const { steps = [] } = this.#stream(runId) ?? {};
    const writer = session.streams.open(runId, { contentType: runContentType, meta: null });
    return new SessionRunPort({
      work,
      read: () => conversation.read(),
      chunks: new RunChunks(session.streams, writer, steps.at(-1)?.[0] ?? 0),
      maxOutputChars: Math.min(maxPayloadChars, maxChunkChars) - overheadChars,
      commit: (step, { said, used, chunks }) => {
        conversation.say(said);
        if (used) session.budgets.settle(used.entryId, used);
        if (chunks.length > 0) write(({ streams }) => streams.append({ streamId: runId, chunks, step }));
      },
      ask: (call) => questions.ask(active, call),
      delegate: (call) => children.ask(active, call),
      gate: (gateId) => session.gate(gateId),
      reserve: (step, amount) => {
        const reservationId = answerId(runId, step);
        return session.budgets.reserve({ ...amount, reservationId, source: "agent", ref: runId });
      },
      report: (message, thrown) => this.#report(runId, message, thrown),
    });
  }

  /** As it is on the object's disk, however much of it is shown. */
  #stream(runId: string): StreamInfo | null {
    return this.#options.write(({ streams }) => streams.find(runId));
  }

  /** Of a step, the work's own report has the stack. */
  #report(runId: string, message: string, thrown: unknown): void {
    this.#options.log("warn", message, { runId, detail: String(thrown) });
  }

  async #settle(work: WorkContext, runId: string, commit: () => void): Promise<void> {
    await untilStored(
      () => work.step("end", () => null, { commit }),
      (thrown) => this.#report(runId, "The end of a run could not be stored", thrown),
    );
  }
}
