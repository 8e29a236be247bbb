import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { connect } from "../../src/client/index.ts";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { isRunning } from "../../src/node/server/process-state.ts";
import type { SessionEvent, SessionView } from "../../src/protocol/index.ts";
import { Appender, briefly, type LedgerContract } from "./appender.ts";
import { Follower } from "./follower.ts";
import { Journal } from "./journal.ts";
import { type Kill, KillableServer } from "./killable-server.ts";
import { type Afterwards, verify } from "./verify.ts";

export interface CrashOptions {
  readonly kills: number;
  /** Concurrent appenders, one command each on its way (default 64). */
  readonly appenders?: number;
  readonly onKill?: (kill: KillReport) => void;
}

export interface KillReport {
  readonly what: Kill;
  /** Commands sent and not answered in the moment of the kill. */
  readonly inFlight: number;
  /** Of those, known later: committed, with only the answer lost. */
  committed: number;
  /** From the kill until the server could be asked again. */
  readonly downMs: number;
  /** From the kill until every appender had new answers. */
  readonly recoveredMs: number;
}

export interface CrashReport {
  readonly kills: readonly KillReport[];
  readonly events: number;
  readonly acknowledged: number;
  readonly works: number;
  readonly mirrored: number;
  readonly seconds: number;
  /** What is not as promised; empty is success. */
  readonly faults: readonly string[];
}

const ledger = "killed";
const mirrored = "mirrored";
const stepsPerWork = 12;
const stepMs = 60;
/** Sessions that are first asked for in the moment of a kill. */
const newbornsPerKill = 8;
const recoveryTimeoutMs = 30_000;

/**
 * Kills a server again and again under load, and compares in the end what it has with what it has promised. This process, with
 * its load and its journal, is outside the server's process group.
 */
export async function runCrash({ kills, appenders: count = 64, onKill }: CrashOptions): Promise<CrashReport> {
  const startedAt = Date.now();
  const folder = mkdtempSync(join(tmpdir(), "sessile-journal-"));
  const server = await KillableServer.start();
  const run = new Run(server, new Journal(join(folder, "acknowledged.ndjson")), count);
  try {
    await run.begin();
    for (let at = 0; at < kills; at++) {
      const report = await run.killAndRecover(at);
      onKill?.(report);
    }
    return await run.finish(startedAt);
  } finally {
    run.abandon();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  readonly #server: KillableServer;
  readonly #journal: Journal;
  readonly #appenders: Appender[];
  readonly #mirrorAppenders: Appender[];
  readonly #followers: Follower[];
  readonly #operator;
  readonly #works: { readonly workId: string; readonly steps: number }[] = [];
  readonly #kills: { readonly report: KillReport; readonly ids: readonly string[] }[] = [];
  readonly #newborns: string[] = [];
  readonly #faults: string[] = [];

  constructor(server: KillableServer, journal: Journal, count: number) {
    const { url } = server;
    this.#server = server;
    this.#journal = journal;
    const appender = (session: string, index: number, maxPauseMs: number) =>
      new Appender({ url, session, index, journal, maxPauseMs });
    this.#appenders = Array.from({ length: count }, (_, index) => appender(ledger, index, 20));
    this.#mirrorAppenders = [appender(mirrored, 1000, 100), appender(mirrored, 1001, 100)];
    this.#followers = [new Follower(url, ledger), new Follower(url, ledger)];
    this.#operator = connect<LedgerContract>({
      url,
      kind: "ledger",
      name: ledger,
      events: false,
      random: briefly,
    });
  }

  async begin(): Promise<void> {
    for (const appender of [...this.#appenders, ...this.#mirrorAppenders]) appender.start();
    await this.#everyAppenderGoesOn();
  }

  async killAndRecover(at: number): Promise<KillReport> {
    // Half of the kills hit the whole group; of the others every second is followed by a restart without a pause.
    const what: Kill = at % 2 === 0 ? "group" : "alone";
    await this.#startWork();
    await delay(200 + Math.random() * 500);
    const ids = await this.#aim();
    this.#conceive(at);
    const killedAt = Date.now();
    const { runtimePid } = this.#server;
    const killed = this.#server.kill(what);
    await killed;
    if (at % 4 < 2 && !(await this.#server.isGone()))
      this.#faults.push(`kill ${at + 1}: an orphan serves on`);
    await this.#server.restart();
    if (isRunning(runtimePid)) this.#faults.push(`kill ${at + 1}: the old runtime runs beside the new one`);
    const downMs = Date.now() - killedAt;
    await this.#everyAppenderGoesOn();
    const report: KillReport = {
      what,
      inFlight: ids.length,
      committed: 0,
      downMs,
      recoveredMs: Date.now() - killedAt,
    };
    report.committed = this.#countRepeated(ids);
    this.#kills.push({ report, ids });
    return report;
  }

  async finish(startedAt: number): Promise<CrashReport> {
    await Promise.all([...this.#appenders, ...this.#mirrorAppenders].map((appender) => appender.stop()));
    await until(async () => Object.keys((await this.#view(ledger)).work).length === 0, recoveryTimeoutMs);
    const { view, events } = await this.#atRest(ledger);
    const acknowledged = this.#journal.read();
    const [own, others] = [
      acknowledged.filter(({ id }) => !isMirrored(id)),
      acknowledged.filter(({ id }) => isMirrored(id)),
    ];
    this.#faults.push(...verify({ events, view }, own, this.#works));
    const copy = await this.#atRest(mirrored);
    this.#faults.push(...verify(copy, others, []).map((fault) => `mirrored: ${fault}`));
    await this.#checkFollowers();
    await this.#checkNewborns();
    await this.#checkMirror();
    return {
      kills: this.#kills.map(({ report }) => report),
      events: events.length,
      acknowledged: acknowledged.length,
      works: this.#works.length,
      mirrored: copy.events.length,
      seconds: (Date.now() - startedAt) / 1000,
      faults: this.#faults,
    };
  }

  abandon(): void {
    this.#operator.close();
    for (const { client } of [...this.#appenders, ...this.#mirrorAppenders, ...this.#followers])
      client.close();
    this.#journal.close();
  }

  async #startWork(): Promise<void> {
    const workId = `work-${this.#works.length + 1}`;
    this.#works.push({ workId, steps: stepsPerWork });
    await this.#operator.call.begin(workId, stepsPerWork, stepMs);
  }

  /** Asks for sessions that do not exist yet, so that the kill may fall between any two writes of their creation. */
  #conceive(at: number): void {
    for (let n = 0; n < newbornsPerKill; n++) {
      const name = `newborn-${at}-${n}`;
      this.#newborns.push(name);
      void this.#get(`/v1/sessions/ledger/${name}`).catch(() => undefined);
    }
  }

  async #checkNewborns(): Promise<void> {
    for (const name of this.#newborns) {
      const types = (await this.#log(name)).map(({ type }) => type).join();
      if (types !== "session.created,session.lifecycle_changed")
        this.#faults.push(`${name} was created with ${types}`);
    }
  }

  /** Waits for a moment with many commands on their way; the ids of those. */
  async #aim(): Promise<string[]> {
    const enough = this.#appenders.length / 4;
    for (let turn = 0; ; turn++) {
      const ids = this.#appenders.flatMap(({ inFlight }) => inFlight ?? []);
      if (ids.length >= enough || turn === 1000) return ids;
      await nextTurn();
    }
  }

  async #everyAppenderGoesOn(): Promise<void> {
    const all = [...this.#appenders, ...this.#mirrorAppenders];
    // Two, because the first may have been on its way to us in the moment of the kill.
    const wanted = all.map(({ acknowledged }) => acknowledged + 2);
    await until(
      () => all.every(({ acknowledged }, at) => acknowledged >= (wanted[at] ?? 0)),
      recoveryTimeoutMs,
    );
  }

  #countRepeated(ids: readonly string[]): number {
    return ids.filter((id) => this.#appenders.some(({ repeated }) => repeated.has(id))).length;
  }

  async #checkFollowers(): Promise<void> {
    for (const follower of this.#followers) {
      const isEqual = async () => JSON.stringify(follower.view) === JSON.stringify(await this.#view(ledger));
      await until(isEqual, recoveryTimeoutMs).catch(async () => {
        const [own, served] = [follower.view, await this.#view(ledger)];
        this.#faults.push(`a follower ends with ${JSON.stringify(own)} instead of ${JSON.stringify(served)}`);
      });
      this.#faults.push(...follower.faults.slice(0, 5));
    }
  }

  async #checkMirror(): Promise<void> {
    const recorded = async () => {
      const { items } = (await this.#get("/v1/sessions?kind=ledger")) as {
        readonly items: readonly { readonly name: string; readonly recordedSeq: number }[];
      };
      return items.find(({ name }) => name === mirrored)?.recordedSeq;
    };
    const caughtUp = async () => (await recorded()) === (await this.#view(mirrored)).lastSeq;
    await until(caughtUp, recoveryTimeoutMs).catch(async () => {
      const { lastSeq } = await this.#view(mirrored);
      this.#faults.push(`the mirror ends at ${await recorded()} instead of ${lastSeq}`);
    });
  }

  /** View and log of the same moment: a session may write by itself, as when it seals a snapshot. */
  async #atRest(session: string): Promise<Afterwards> {
    for (;;) {
      const events = await this.#log(session);
      const view = await this.#view(session);
      if (view.lastSeq === events.length) return { view, events };
    }
  }

  /** As the fold gives it: HTTP shows times as text. */
  async #view(session: string): Promise<SessionView> {
    const shown = (await this.#get(`/v1/sessions/ledger/${session}`)) as Record<string, unknown>;
    const time = (text: unknown) => Date.parse(String(text));
    return {
      ...shown,
      createdAt: time(shown.createdAt),
      updatedAt: time(shown.updatedAt),
    } as unknown as SessionView;
  }

  async #log(session: string): Promise<SessionEvent[]> {
    const events: SessionEvent[] = [];
    for (;;) {
      const page = (await this.#get(
        `/v1/sessions/ledger/${session}/events?limit=1000&after=${events.length}`,
      )) as { readonly items: readonly SessionEvent[]; readonly hasMore: boolean };
      events.push(...page.items);
      if (!page.hasMore) return events;
    }
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.#server.url + path);
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

function isMirrored(id: string): boolean {
  return id.startsWith("a1000.") || id.startsWith("a1001.");
}
