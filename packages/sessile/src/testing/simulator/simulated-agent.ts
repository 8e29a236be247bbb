import { jsonSchema, type ToolSet, tool } from "ai";
import { type AgentDefinition, defineAgent } from "../../agent/define-agent.ts";
import { questionTool } from "../../agent/run/asked-call.ts";
import { idempotencyKeyOf } from "../../agent/run/call-tool.ts";
import { parseRunRequest, parseStopRequest } from "../../agent/run/run-request.ts";
import type { RunSession } from "../../agent/run/run-session.ts";
import { RunWorker } from "../../agent/run/run-worker.ts";
import { deadlineTimer, type RunInput, SessionRuns } from "../../agent/run/session-runs.ts";
import type { Writer } from "../../kernel/index.ts";
import { callable } from "../../object/callable.ts";
import type { WorkFunction } from "../../object/works/work-runner.ts";
import type { Json } from "../../protocol/json.ts";
import type { AgentState } from "../../protocol/run.ts";
import type { Instance } from "./instance.ts";
import type { Random } from "./random.ts";
import type { Asker } from "./remote.ts";
import type { RunBook } from "./run-book.ts";
import { runSessionOf } from "./run-session.ts";
import { scriptedModel } from "./scripted-model.ts";

export const idleAgent: AgentState = { head: null, active: null, last: null };

interface SimulatedAgentOptions {
  readonly instance: Instance;
  readonly asker: Asker;
  readonly book: RunBook;
  readonly random: Random;
  readonly write: <T>(body: (writer: Writer) => T) => T;
}

/** Runs of agents in a simulated session: the real ones, offered as `AgentSession` offers them. */
export class SimulatedAgent {
  readonly #runs: SessionRuns;
  readonly #options: SimulatedAgentOptions;
  readonly works: { readonly [name: string]: WorkFunction };

  constructor(options: SimulatedAgentOptions) {
    const { instance, write } = options;
    this.#options = options;
    const agents = this.#agents();
    const own: RunSession = {
      session: runSessionOf(instance, write),
      write,
      agents: () => agents,
      gateOf: () => ({ isEditable: true }),
      titles: () => null,
      log: () => {},
    };
    this.#runs = new SessionRuns(own);
    const worker = new RunWorker(own, this.#runs);
    this.works = { run: (work, input) => worker.work(work, input as RunInput) };
  }

  readonly startRun = callable((request: Json) => this.#runs.start(parseRunRequest(request)));

  readonly resumeRun = callable((request: Json) => this.#runs.resume(parseRunRequest(request)));

  readonly stopRun = callable((request: Json) => {
    const { how, runId, force } = parseStopRequest(request);
    return this.#runs.stop(how, runId, force ? "forced" : null);
  });

  neededFrom(): number | null {
    return this.#runs.neededFrom();
  }

  /** In the commit that settles a gate. */
  settled(): void {
    this.#runs.goOn();
  }

  /** @returns whether the timer is one of a run's */
  rang(name: string): boolean {
    if (name === deadlineTimer) this.#options.write(() => this.#runs.deadlineCame());
    return name === deadlineTimer;
  }

  #agents(): readonly AgentDefinition[] {
    const { asker, book, random, instance } = this.#options;
    const { world } = asker.object;
    const common = {
      model: scriptedModel(world, book, instance.clock, random.fork("model")),
      tools: this.#tools(),
      maxSteps: 6,
      maxCalls: 3,
      stepTimeoutMs: 15_000,
      modelAttempts: 3,
    };
    return [
      defineAgent({ name: "patient", ...common }),
      defineAgent({ name: "hasty", ...common, deadlineMs: 5000, maxTokens: 30 }),
    ];
  }

  #tools(): ToolSet {
    const inputSchema = jsonSchema<{ readonly of: string }>({
      type: "object",
      properties: { of: { type: "string" } },
      required: ["of"],
    });
    const { book, asker } = this.#options;
    const execute = (input: Json, options: { readonly toolCallId: string }) =>
      book.carryOut(asker, { toolCallId: options.toolCallId, key: idempotencyKeyOf(options), input });
    return {
      look: tool({ inputSchema, execute }),
      pay: tool({ inputSchema, execute, needsApproval: true }),
      ask: questionTool(),
      locate: tool({ inputSchema }),
    };
  }
}
