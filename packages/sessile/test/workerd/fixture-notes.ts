import {
  type Action,
  type Actor,
  callable,
  type Gate,
  type GateOutcome,
  type GateRequest,
  type Json,
  type Peer,
  SessileError,
  Session,
  type SessionRecord,
  type SessionView,
  type WorkContext,
  workflow,
} from "sessile";
import { createD1GatePolicies, createD1Record } from "sessile/d1";
import { z } from "zod";
import { faultyDatabase } from "./fixture-record.ts";

interface State {
  readonly count: number;
  readonly text: string;
  readonly [key: string]: Json;
}

interface Env {
  /** Address of the test's side server, which decides how steps and timers end. */
  readonly SIDE_URL: string;
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
}

/** Instances begun so far, by session name: shows what wakes an object and what does not. */
export const instancesBegun = new Map<string, number>();

/** A kind that uses everything a kind can. */
export class Notes extends Session<Env, State> {
  readonly kind = "notes";
  readonly initialState: State = { count: 0, text: "" };
  override readonly workflow = workflow({
    initial: "new",
    transitions: { new: ["open"], open: ["done", "new"], done: [] },
  });
  /** These tests count seqs; what sealing does is tested with a kind of its own. */
  override readonly snapshots = null;
  override readonly migrations = [
    {
      version: 1,
      name: "notes",
      up: (sql: { exec(query: string): unknown }) => {
        sql.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
      },
    },
    {
      version: 2,
      name: "a first note",
      up: (sql: { exec(query: string): unknown }) => {
        sql.exec("INSERT INTO note (text) VALUES ('from the migration')");
      },
    },
  ];
  override readonly works = {
    steps: (work: WorkContext, input: Json) => this.#steps(work, input),
    settle: (work: WorkContext, input: Json) => this.#settle(work, input),
  };
  /** Another in every instance: tells an eviction from a mere pause. */
  readonly #instance = crypto.randomUUID();
  readonly #awaited = new Map<string, (outcome: Json) => void>();

  readonly instance = callable(() => this.#instance);
  /** Every name that looking something up on this object could find. */
  readonly everyName = callable(() => {
    const names = new Set<string>();
    for (let at: object | null = this; at !== null; at = Object.getPrototypeOf(at) as object | null)
      for (const name of Object.getOwnPropertyNames(at)) names.add(name);
    return [...names];
  });
  readonly mutate = callable(() => {
    // @ts-expect-error -- readonly in its type, and frozen for whoever forces it
    this.state.count += 1;
  });
  readonly rows = callable(() =>
    this.sql<{ text: string }>`SELECT text FROM note ORDER BY id`.map((row) => row.text),
  );
  readonly whoAmI = callable(() => this.caller as unknown as Json);

  readonly add = callable((text: string) => {
    // Types end where the network begins.
    if (typeof text !== "string") throw new SessileError("bad_request", "A note is text.", { field: "text" });
    this.sql`INSERT INTO note (text) VALUES (${text})`;
    this.append("note.added", { text });
    this.setState({ ...this.state, count: this.state.count + 1, text });
    return { count: this.state.count, status: this.status };
  });
  readonly echo = callable(() => this.setState({ count: 0, text: "echo" }));
  readonly addChecked = callable(z.tuple([z.string()]), (text) => this.add(text));
  readonly addThenThrow = callable((text: string) => {
    this.add(text);
    throw new Error(`secret detail of ${text}`);
  });
  readonly addThenRefuse = callable((text: string, field: boolean) => {
    this.sql`INSERT INTO note (text) VALUES (${text})`;
    throw new SessileError("rejected", `${text} is refused.`, field ? { field: "text" } : {});
  });
  readonly breakSql = callable(() => this.sql`SELECT * FROM no_such_table` as unknown as Json);
  /** Makes the very commit it is part of impossible to store, as a full disk would; its own rollback ends the jam. */
  readonly jam = callable(() => {
    this.add("jammed");
    this.sql`CREATE TRIGGER jam BEFORE INSERT ON _sessile_log BEGIN SELECT RAISE(ABORT, 'disk full'); END`;
  });
  readonly addThenWait = callable(async (text: string) => {
    this.append("note.added", { text });
    await Promise.resolve();
  });

  readonly addLater = callable(async (text: string) => {
    const before = await this.#ask(`later/${text}`);
    this.add(text);
    return before;
  });
  readonly failLater = callable(async () => {
    await Promise.resolve();
    throw new Error("secret detail, later");
  });
  #tries = 0;
  readonly refuseFirst = callable(async () => {
    await Promise.resolve();
    this.#tries += 1;
    if (this.#tries === 1) throw new SessileError("unavailable", "Not yet.");
    return this.#tries;
  });
  /** A synchronous method by its form that hands out a promise all the same. */
  readonly sneaky = callable((text: string) => {
    this.add(text);
    return Promise.resolve(1) as unknown as Json;
  });
  readonly giveDate = callable(() => {
    this.append("note.dated", {});
    return new Date() as unknown as Json;
  });
  readonly ask = callable((gateId: string, expiresAt: number | null, options: readonly string[] | null) =>
    this.openGate({
      gateId,
      title: `May ${gateId}?`,
      ...(expiresAt ? { expiresAt } : {}),
      ...(options ? { options } : {}),
    }),
  );
  readonly askFor = callable((request: Json) => this.openGate(request as unknown as GateRequest));
  readonly decide = callable((gateId: string, answer: string) => this.answerGate(gateId, answer));
  /** What a call that has been approved would run with. */
  readonly mayRun = callable((gateId: string, name: string, args: Json) =>
    this.approvedArguments(gateId, { name, arguments: args }),
  );
  /** Runs until its own gate is answered. */
  readonly askAndWait = callable(async (gateId: string) => {
    this.ask(gateId, null, ["yes", "no"]);
    const answered = Promise.withResolvers<Json>();
    this.#awaited.set(gateId, answered.resolve);
    return { answer: await answered.promise };
  });
  readonly remind = callable((timerId: string, dueAt: number, input: Json) =>
    this.setTimer({ timerId, name: "reminder", dueAt, input }),
  );
  readonly forget = callable((timerId: string) => this.cancelTimer(timerId));
  readonly begin = callable((name: string, workId: string, input: Json) =>
    this.startWork(name, { workId, input }),
  );
  readonly beginThenThrow = callable((workId: string) => {
    this.startWork("steps", { workId, input: ["a"] });
    this.setTimer({ name: "reminder", dueAt: Date.now(), input: null });
    throw new Error("changed its mind");
  });
  readonly logLine = callable((tag: string, level: "info" | "warn", message: string) => {
    this.log(level, tag, message, { from: "a method" });
  });

  /** Not marked, hence unreachable, whatever it is called. */
  plain(): string {
    return "unreachable";
  }
  readonly plainField = (): string => "unreachable";

  override onCreate(): void {
    // Shows that the kind's tables are there before its first code runs.
    this.append("note.started", { rows: this.rows() });
  }
  override onStart(): void {
    instancesBegun.set(this.name, (instancesBegun.get(this.name) ?? 0) + 1);
  }
  override onRequest(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/throw") throw new Error("secret detail of a request");
    if (pathname === "/reject") throw new SessileError("rejected", "Not like this.");
    return Response.json({
      pathname,
      method: request.method,
      header: request.headers.get("x-sessile-actor"),
    });
  }
  override onMessage(_peer: Peer, signal: Json): boolean {
    if (signal === "refuse in long words") throw new SessileError("rejected", "\u00fc".repeat(120));
    return signal !== "keep this to yourself";
  }
  override async onTimer(name: string, input: Json): Promise<void> {
    if (typeof input === "string") await this.#ask(`timer/${input}`);
    this.append("reminder.rang", { name, input });
  }
  override onCommit(_before: SessionView<State>, { state }: SessionView<State>): void {
    if (state.text === "echo") this.setState({ ...state, count: state.count + 1 });
  }
  override onGate(gate: Gate, outcome: GateOutcome): void {
    this.append("decision.made", { gateId: gate.gateId, outcome: outcome as unknown as Json });
    if (outcome.status === "answered") this.#awaited.get(gate.gateId)?.(outcome.answer);
  }
  override onGateEscalated(gate: Gate): void {
    this.append("decision.escalated", { gateId: gate.gateId, to: gate.escalation?.to ?? [] });
  }
  override validateState(next: State): void {
    if (next.text === "forbidden") throw new SessileError("rejected", "This text is not for notes.");
  }
  override validateEvent(type: string, payload: Json): void {
    if (type === "note.empty" && payload === null) throw new SessileError("rejected", "An empty note.");
  }
  override authorize(actor: Actor | null, action: Action): boolean {
    if (actor?.id === "no-approver") return action !== "approve";
    if (actor?.id.startsWith("object-only-")) return actor.id === `object-only-${action}`;
    return actor?.id !== "outside" || action === "read";
  }
  override describe() {
    return {
      title: (view: { readonly state: State }) => `Notes: ${view.state.text}`,
      facts: (view: { readonly state: State }) => ({ count: view.state.count }),
    };
  }
  override gatePoliciesOf(env: Env) {
    return createD1GatePolicies(faultyDatabase(env.SESSILE_RECORD));
  }
  override recordOf(env: Env): SessionRecord {
    return createD1Record(faultyDatabase(env.SESSILE_RECORD));
  }

  /** One step after the other. */
  async #steps({ workId, step }: WorkContext, input: Json): Promise<Json> {
    const results: Json[] = [];
    for (const name of input as readonly string[]) {
      const result = await step(name, () => this.#ask(`${workId}/${name}`), {
        commit: () => this.append("step_note.kept", { workId, name }),
      });
      results.push(result);
    }
    return results;
  }

  /** All steps at once; one that fails for good does not stop the rest. */
  async #settle({ workId, step }: WorkContext, input: Json): Promise<Json> {
    const settled = await Promise.allSettled(
      (input as readonly string[]).map((name) =>
        step(name, () => this.#ask(`${workId}/${name}`), { attempts: 2 }),
      ),
    );
    return settled.map(({ status }) => status);
  }

  /** Asks the test how this ends: it may answer, refuse, or let it hang. */
  async #ask(path: string): Promise<Json> {
    const response = await fetch(`${this.env.SIDE_URL}/${path}`);
    if (!response.ok) throw new Error(`side server said ${response.status}`);
    return (await response.json()) as Json;
  }
}
