import {
  defaultClientWrites,
  defaultSnapshotPolicy,
  defaultSummaryPolicy,
  type GateRequest,
  type KindDefinition,
  type Migration,
  type SummaryPolicy,
  type Writer,
  workflow,
} from "../../kernel/index.ts";
import { callable, type FoundMethod, findCallable } from "../../object/callable.ts";
import type { ArchiveBucket } from "../../object/keeping/archiver.ts";
import type { SessionHooks, SessionQuotas } from "../../object/session-hooks.ts";
import type { WorkContext, WorkFunction } from "../../object/works/work-runner.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import { defaultLimits } from "../../protocol/limits.ts";
import type { AgentState } from "../../protocol/run.ts";
import type { Summarizer } from "../../protocol/summary.ts";
import { sessionIdOf } from "../../record/record.ts";
import type { Instance } from "./instance.ts";
import type { Random } from "./random.ts";
import type { Asker } from "./remote.ts";
import { idleAgent, SimulatedAgent } from "./simulated-agent.ts";
import { SimulatedCalls } from "./simulated-calls.ts";
import type { Stores } from "./simulated-d1.ts";
import { SimulatedSummarizer } from "./simulated-summarizer.ts";
import type { World } from "./world.ts";

/** The state of simulated sessions: who wrote it last, a counter that only `scatter` moves, and what only `edit` makes long. */
export interface SimulatedState {
  readonly tag: string;
  readonly count: number;
  readonly lines?: readonly string[];
  /** What updates by functions have added. */
  readonly marks?: readonly string[];
  /** Of those with agents, and written by nobody else. */
  readonly agent?: AgentState;
  readonly [key: string]: Json;
}

/** Often, and soon given up. */
const summaryPolicy: SummaryPolicy = {
  ...defaultSummaryPolicy,
  minIntervalMs: 5000,
  cooldownMs: 20_000,
  timeoutMs: 4000,
  attempts: 3,
};

export type SimulatedStatus = "idle" | "busy" | "done" | "shelved";

/** A kind that uses all there is to use, in the way `Session` offers it. */
export class SimulatedKind {
  static readonly kind = "simulated";
  static readonly initialState: SimulatedState = { tag: "", count: 0 };
  static readonly workflow = workflow({
    initial: "idle",
    transitions: { idle: ["busy", "shelved"], busy: ["done", "idle"], done: ["idle"], shelved: ["idle"] },
  });
  static readonly migrations: readonly Migration[] = [
    {
      version: 1,
      name: "tally",
      up: (sql) => void sql.exec("CREATE TABLE tally (tag TEXT PRIMARY KEY, parts INTEGER NOT NULL)"),
    },
  ];
  static readonly summaryCooldownMs = summaryPolicy.cooldownMs;
  static readonly pricedType = "note.added";
  static readonly quotaTier = { promptsPerDay: 12, promptsPerMinute: 8, voiceEnabled: false };
  readonly definition: KindDefinition;
  readonly hooks: SessionHooks;
  readonly #instance: Instance;
  readonly #name: string;
  readonly #world: World;
  readonly #random: Random;
  /** Null without a database. */
  readonly #stores: Stores | null;
  readonly #archive: ArchiveBucket | null;
  readonly #summarizer: Summarizer;
  readonly #calls: SimulatedCalls;
  /** Null where there are no agents. */
  readonly #agent: SimulatedAgent | null;

  constructor(instance: Instance, asker: Asker, random: Random) {
    const { world, name } = asker.object;
    this.#name = name;
    this.#stores = world.d1?.for(asker) ?? null;
    this.#summarizer = new SimulatedSummarizer(world, instance.clock, random.fork("model"));
    this.#archive = world.bucket?.for(asker) ?? null;
    const write = <T>(body: (writer: Writer) => T): T => this.#write(body);
    this.#calls = new SimulatedCalls(instance, write);
    const { runs: book } = world;
    this.#agent = book && new SimulatedAgent({ instance, asker, book, random: random.fork("agent"), write });
    this.#instance = instance;
    this.#world = world;
    this.#random = random;
    this.definition = this.#definition();
    this.hooks = this.#hooks();
  }

  /** Several writes, tables included, that happen all or not at all. */
  readonly scatter = callable((tag: string, parts: number) => {
    this.#scatter(tag, parts);
    return { tag, count: this.#state.count };
  });

  /** The same, and then it fails. */
  readonly breakOff = callable((tag: string, isExpected: boolean) => {
    this.#scatter(tag, 2);
    this.#write((writer) => writer.openGate({ gateId: `broken-${tag}`, title: "Never to be seen" }));
    if (isExpected) throw new SessileError("rejected", "Half-way is where this method ends.");
    throw new Error("Inner text that nobody may see.");
  });

  readonly ask = callable((gateId: string, expiresInMs: number | null) =>
    this.#write((writer) => {
      const request: GateRequest = { gateId, title: "Well?", options: ["yes", "no"] };
      const expiry = expiresInMs === null ? {} : { expiresAt: this.#instance.clock.now() + expiresInMs };
      return writer.openGate({ ...request, ...expiry });
    }),
  );

  readonly remind = callable((timerId: string, inMs: number) =>
    this.#write((writer) =>
      writer.setTimer({ timerId, name: "remind", dueAt: this.#instance.clock.now() + inMs, input: timerId }),
    ),
  );

  readonly forget = callable((timerId: string) => this.#write((writer) => writer.cancelTimer(timerId)));

  readonly begin = callable((workId: string, steps: number, atOnce: boolean) =>
    this.#write((writer) => writer.startWork({ workId, name: "steps", input: { steps, atOnce } })),
  );

  /** Changes little of a long state. */
  readonly edit = callable((tag: string, line: number, text: string) => {
    const { lines = Array.from({ length: 50 }, (_, index) => `${index} ${"x".repeat(100)}`), ...state } =
      this.#state;
    const at = line % lines.length;
    const next = text === "" ? lines.toSpliced(at, 1, `${tag} `) : lines.with(at, `${lines[at]}${text}`);
    this.#write((writer) => writer.setState({ ...state, tag, lines: next }));
    return tag;
  });

  readonly openStream = callable((streamId: string) => this.#instance.host.streams.open(streamId).streamId);

  /** Appends beside the commits, either together or each after the answer to the one before. */
  readonly pour = callable(async (streamId: string, tag: string, chunks: number, atOnce: boolean) => {
    const { streams } = this.#instance.host;
    const append = (n: number) => streams.answer(streamId, { do: "append", chunks: [`${tag}/${n}`] });
    const all = Array.from({ length: chunks }, (_, n) => n);
    if (atOnce) await Promise.all(all.map(append));
    else
      for (const n of all) {
        await append(n);
        await this.#instance.clock.wait(this.#random.between(0, 100));
      }
    return chunks;
  });

  readonly endStream = callable((streamId: string, tag: string) => {
    this.#instance.host.streams.finish(streamId, { output: tag });
    return tag;
  });

  readonly peek = callable(() => this.#state.count);

  get #works(): { readonly [name: string]: WorkFunction } {
    return { steps: (work, input) => this.#steps(work, input), ...this.#agent?.works };
  }

  get #state(): SimulatedState {
    return this.#instance.host.kernel.view.state as SimulatedState;
  }

  #scatter(tag: string, parts: number): void {
    for (let part = 0; part < parts; part++) {
      this.#write((writer) => writer.append("scatter.part", { tag, part }));
    }
    const { count, agent } = this.#state;
    this.#write((writer) => writer.setState({ tag, count: count + 1, ...(agent ? { agent } : {}) }));
    this.#instance.host.kernel.sql.exec("INSERT INTO tally VALUES (?, ?)", tag, parts);
  }

  #write<T>(body: (writer: Writer) => T): T {
    return this.#instance.host.write(undefined, body);
  }

  async #rang(name: string, input: Json): Promise<void> {
    if (!this.#agent?.rang(name)) await this.#remind(input);
  }

  async #remind(input: Json): Promise<void> {
    // A library timer is in the due table until it has fired, so a handler of one that is not there was called for nothing.
    const timerId = String(input);
    if (this.#instance.host.kernel.due.dueAt(timerId) === null && !this.#instance.isDying)
      this.#world.fail(`the handler of ${timerId} was called after it had been cancelled`);
    if (this.#random.chance(0.5)) await this.#instance.clock.wait(this.#random.between(1, 3000));
    if (this.#random.chance(this.#world.trouble.failure))
      throw new Error("The handler does not feel like it.");
    this.#write((writer) => writer.append("reminder.heard", input));
  }

  async #steps(work: WorkContext, input: Json): Promise<Json> {
    const { steps, atOnce } = input as { readonly steps: number; readonly atOnce: boolean };
    const names = Array.from({ length: steps }, (_, index) => `s${index}`);
    const step = (name: string) =>
      work.step(
        name,
        async () => {
          await this.#instance.clock.wait(this.#random.between(0, 400));
          if (this.#random.chance(this.#world.trouble.failure)) throw new Error("The step stumbles.");
          return name;
        },
        {
          commit: (result) => {
            this.#write((writer) => writer.append("noted.step", { workId: work.workId, step: result }));
          },
        },
      );
    if (atOnce) return Promise.all(names.map(step));
    const results: string[] = [];
    for (const name of names) results.push(await step(name));
    return results;
  }

  #quotas(): SessionQuotas | null {
    if (!this.#world.hasQuotas) return null;
    return {
      policy: {
        tiers: { free: SimulatedKind.quotaTier },
        charge: (_command, eventType) => (eventType === SimulatedKind.pricedType ? 1 : 0),
      },
      store: this.#stores?.quotas ?? null,
      sessionId: sessionIdOf(SimulatedKind.kind, this.#name),
    };
  }

  #method(name: string): FoundMethod | null {
    return (
      findCallable(this, name) ??
      findCallable(this.#calls, name) ??
      (this.#agent && findCallable(this.#agent, name))
    );
  }

  #definition(): KindDefinition {
    return {
      initialState: this.#agent
        ? { ...SimulatedKind.initialState, agent: idleAgent }
        : SimulatedKind.initialState,
      workflow: SimulatedKind.workflow,
      migrations: SimulatedKind.migrations,
      // Small pages, so that catching up takes several.
      limits: {
        ...defaultLimits,
        maxPageBytes: 2000,
        // So small that answers and results can be too long.
        ...(this.#agent ? { maxPayloadChars: 8000 } : {}),
        ...(this.#world.hasRates ? { commandRate: { perSecond: 10, burst: 15 } } : {}),
      },
      clientWrites: { ...defaultClientWrites, state: !this.#agent },
      durability: this.#world.inLedgerMode ? "ledger" : "mirror",
      ...(this.#world.hasSnapshots ? { snapshots: { ...defaultSnapshotPolicy, everyEvents: 8 } } : {}),
      summaries: this.#world.hasSummaries ? summaryPolicy : null,
      retention: this.#world.hasArchive ? { hotEvents: 12 } : null,
      validateState: () => {},
      validateEvent: () => {},
      method: (name) => {
        const method = this.#method(name);
        return method && !method.isAsync ? method.run : null;
      },
      hasSharedPolicies: this.#stores?.gatePolicies != null,
      gateSettled: (gate, outcome) => {
        this.#write((writer) =>
          writer.append("verdict.heard", { gateId: gate.gateId, status: outcome.status }),
        );
        this.#agent?.settled();
      },
      gateEscalated: ({ gateId }) => {
        this.#write((writer) => writer.append("escalation.heard", { gateId }));
      },
    };
  }

  #hooks(): SessionHooks {
    return {
      record: this.#stores?.record ?? null,
      gatePolicies: this.#stores?.gatePolicies ?? null,
      archive: this.#archive,
      summarizer: this.#summarizer,
      quotas: this.#quotas(),
      feed: null,
      description: {},
      authorize: () => true,
      findMethod: (name) => this.#method(name),
      findWork: (name) => this.#works[name] ?? null,
      onConnect: () => {},
      onDisconnect: () => {},
      onSignal: () => true,
      onTimer: (name, input) => this.#rang(name, input),
      onCommit: () => {},
      neededFrom: () => this.#agent?.neededFrom() ?? null,
      asCaller: <T>(_caller: Actor | null, body: () => T): T => body(),
    };
  }
}
