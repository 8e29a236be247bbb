import type { AskedCall } from "../agent/run/asked-call.ts";
import {
  type Gate,
  type GateRecord,
  type Json,
  type RunStop,
  SessileError,
  type SuspendedRun,
  type UsageReport,
} from "../protocol/index.ts";
import type { AgentMessage, SessionState, StoredSessionState } from "../protocol/session-state.ts";
import type { CheckpointDraft, RunChange } from "../protocol/state-store.ts";
import { gateFor, gateIn, type WorkflowCallGate, waitingGates, withWaiting } from "./call-gates.ts";
import { persistently } from "./persistently.ts";
import {
  type RunParams,
  type RunStores,
  type RunTicket,
  runStatusOf,
  stateWith,
  stopOf,
  streamNameOf,
  ticketOf,
} from "./workflow-run.ts";

/** What one save changes of a run that goes on. */
export interface RunSave {
  readonly messages?: readonly AgentMessage[];
  readonly stepCount?: number;
  readonly checkpoint?: CheckpointDraft;
  readonly state?: Partial<SessionState> | ((stored: StoredSessionState) => Partial<SessionState>);
  readonly run?: RunChange;
}

/**
 * A run's state in the store, as long as it is this instance's to change. What makes it so is the ticket: whoever finds another
 * one there, or messages that are not its own, has lost the run and stops.
 */
export class RunState {
  readonly params: RunParams;
  readonly ticket: RunTicket;
  readonly #stores: RunStores;
  #stored: StoredSessionState;
  #messages: number;
  #isMoved = false;
  #stop: RunStop | null = null;
  readonly #asked = new Map<string, Gate>();

  constructor(stores: RunStores, params: RunParams, stored: StoredSessionState, ticket: RunTicket) {
    this.params = params;
    this.ticket = ticket;
    this.#stores = stores;
    this.#stored = stored;
    this.#messages = stored.messageCount;
  }

  /** @returns null if the run is somebody else's, or there is none */
  static async load(stores: RunStores, params: RunParams): Promise<RunState | null> {
    const stored = await persistently(() => stores.state.loadState(params.sessionId));
    const ticket = stored && ticketOf(stored);
    if (!ticket || !isHeldBy(params, ticket)) return null;
    return new RunState(stores, params, stored, ticket);
  }

  get sessionId(): string {
    return this.params.sessionId;
  }

  get streamName(): string {
    return streamNameOf(this.params.sessionId, this.params.runId);
  }

  /** As it was read, or saved. */
  get stored(): StoredSessionState {
    return this.#stored;
  }

  get isActive(): boolean {
    return this.#stored.status === "active";
  }

  /** The run has gone to another instance, or goes on from what this one does not know. */
  get isMoved(): boolean {
    return this.#isMoved;
  }

  get stop(): RunStop | null {
    return this.#stop;
  }

  move(): never {
    this.#isMoved = true;
    throw new SessileError("not_writable", "The run goes on elsewhere.");
  }

  /** Steps that this instance has taken: each has left a message at least. */
  get stepsTaken(): number {
    return this.#messages - this.ticket.fromMessage;
  }

  refreshStop(): Promise<RunStop | null> {
    return persistently(() => this.askStop());
  }

  /** @throws SessileError `unavailable` while the store is away */
  async askStop(): Promise<RunStop | null> {
    const flag = await this.#stores.state.checkInterruptFlag(this.sessionId);
    this.#stop = stopOf(flag, this.params.runId);
    return this.#stop;
  }

  /** From now on another instance carries the run. @returns what it is started with */
  async handOn(): Promise<RunParams> {
    const instance = this.ticket.instance + 1;
    await this.save({}, { ...this.ticket, instance, fromMessage: this.#messages });
    return { ...this.params, instance };
  }

  async recordUsage(used: UsageReport): Promise<void> {
    await persistently(() => this.#stores.usage.recordEntry({ ...used, sessionId: this.sessionId }));
  }

  /** Others are to answer a call. It is stored once the run waits, with everything else that it waits for. */
  ask(call: AskedCall, given: WorkflowCallGate): void {
    const waiting = [...waitingGates(this.#stored), ...this.#asked.values()];
    this.#asked.set(call.gateId, gateFor(call, given, this.ticket.startedBy ?? null, waiting));
  }

  gate(gateId: string): GateRecord | null {
    const gate = this.#asked.get(gateId);
    return gateIn(this.#stored, gateId) ?? (gate ? { gate, outcome: null } : null);
  }

  /** The run waits, unless everything was answered meanwhile. */
  suspend({ step, calls }: SuspendedRun): Promise<void> {
    const open = calls.map(({ gateId }) => gateId);
    return this.save({
      state: (stored) => {
        const asked = open.flatMap((gateId) => this.#asked.get(gateId) ?? []);
        const fields = withWaiting(stored, asked, open, this.sessionId);
        if (waitingGates(fields).length === 0) return {};
        return { ...fields, status: "suspended_client_tool", suspension: { suspendedStepId: String(step) } };
      },
      run: { outcome: { step, calls } as unknown as Json },
    });
  }

  /** All of it or nothing. Whoever has changed the rest of the state meanwhile is heeded. @throws SessileError once the run has moved */
  async save(change: RunSave, ticket = this.ticket): Promise<void> {
    const { messages = [], stepCount = this.#stored.stepCount, checkpoint, run = {} } = change;
    for (;;) {
      const changed = typeof change.state === "function" ? change.state(this.#stored) : change.state;
      const state = { ...stateWith(this.#stored, ticket), stepCount, ...changed };
      const expectedVersion = this.#stored.version;
      const saved = await persistently(() =>
        this.#stores.state.saveStateAndPromoteStaging(this.sessionId, {
          state,
          expectedVersion,
          messages,
          ...(checkpoint ? { checkpoint } : {}),
          run: { status: runStatusOf(state.status), stepCount, ...run, runId: this.params.runId },
        }),
      );
      if (saved.ok) {
        this.#stored = { ...this.#stored, ...state, version: saved.newVersion };
        this.#messages = saved.messageCount;
        return;
      }
      const now = await RunState.load(this.#stores, this.params);
      if (!now?.isActive || now.#messages !== this.#messages) this.move();
      this.#stored = now.#stored;
    }
  }
}

function isHeldBy({ runId, instance }: RunParams, ticket: RunTicket): boolean {
  return ticket.runId === runId && ticket.instance === instance;
}
