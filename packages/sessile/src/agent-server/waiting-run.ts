import { endOf } from "../agent/run/run-end.ts";
import { checkedAnswer } from "../kernel/gate-answers.ts";
import { answeredOutcome, expiryOf } from "../kernel/gates.ts";
import {
  type Actor,
  type Gate,
  type GateOutcome,
  gateClosed,
  type RunOutcome,
  type RunStop,
  SessileError,
} from "../protocol/index.ts";
import type { AgentMessage, SessionState, StoredSessionState } from "../protocol/session-state.ts";
import type { RunChange } from "../protocol/state-store.ts";
import { answerHashOf, type CallAnswer } from "./agent-runtime.ts";
import { gateIn, waitingGates, withdrawn, withSettled } from "./call-gates.ts";
import { tellWaiting } from "./run-stream.ts";
import { closeRun, settledRun } from "./settle-run.ts";
import { readMessages } from "./stored-message.ts";
import { wake } from "./wake.ts";
import { workflowLimits } from "./workflow-limits.ts";
import {
  type RunParams,
  type RunStores,
  type RunTicket,
  runStatusOf,
  stateWith,
  ticketOf,
} from "./workflow-run.ts";

/** What somebody else than its instance changes of a run. */
interface Change {
  readonly state: Partial<SessionState>;
  readonly ticket?: RunTicket;
  readonly messages?: readonly AgentMessage[];
  readonly run?: RunChange;
}

export function isWaiting({ status }: Pick<SessionState, "status">): boolean {
  return status === "suspended_client_tool";
}

/** When something of a run that waits is up, in milliseconds since 1970; null: never. */
export function waitEndsAt(stored: StoredSessionState): number | null {
  if (!isWaiting(stored)) return null;
  const times = waitingGates(stored).map((gate) => lapsesAt(gate, stored));
  const ends = [...times, ticketOf(stored)?.deadlineAt ?? null].filter((at) => at !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Its own time, or that of the session. */
function lapsesAt({ expiresAt }: Gate, { suspension }: SessionState): number | null {
  return expiresAt ?? suspension?.expiresAt ?? null;
}

/**
 * Runs that wait for others, as whoever answers, ends or looks after them finds them: nothing of them is at work. Each change is one save
 * of the state as it was read, so of two one is heard.
 */
export class WaitingRuns {
  readonly #stores: RunStores;
  readonly #workflow: Workflow<RunParams>;
  readonly #binding: string;

  constructor(stores: RunStores, workflow: Workflow<RunParams>, binding: string) {
    this.#stores = stores;
    this.#workflow = workflow;
    this.#binding = binding;
  }

  /** @returns how the gate ended: by this answer, or by the same one before. @throws SessileError as for any gate */
  async answer(
    sessionId: string,
    gateId: string,
    answer: CallAnswer,
    actor: Actor | null,
  ): Promise<GateOutcome> {
    await this.lapse(sessionId);
    const answerHash = answerHashOf(gateId, answer, actor);
    let outcome: GateOutcome | null = null;
    await this.#change(sessionId, async (stored, ticket) => {
      const record = gateIn(stored, gateId);
      if (!record) return null;
      const { gate } = record;
      const now = Date.now();
      const isOver = (lapsesAt(gate, stored) ?? Number.POSITIVE_INFINITY) <= now;
      const end = record.outcome ?? (isOver ? expiryOf(gate, "time", now) : null);
      if (end && record.answerHash !== answerHash) throw gateClosed(end);
      outcome = end ?? answeredOutcome(checkedAnswer(gate, answer, actor, workflowLimits), actor, now);
      if (end) return null;
      // Before the run goes on, as its instance may have died before it could say that it waits.
      if (isWaiting(stored)) await tellWaiting(this.#stores.streams, sessionId, ticket, waitingGates(stored));
      return goneOn(stored, ticket, withSettled(stored, [{ gate, outcome, answerHash }], sessionId));
    });
    if (outcome) return outcome;
    throw new SessileError("not_found", "Nothing of this id waits here.", { field: "callId" });
  }

  /** Ends a run that waits. One that is interrupted leaves its gates to the next. @returns false if it waits no more */
  async stop(sessionId: string, how: RunStop): Promise<boolean> {
    return this.#change(sessionId, async (stored, ticket) => {
      if (!isWaiting(stored)) return null;
      if (how === "interrupt") return this.#ended(stored, ticket, "interrupted");
      const said = await readMessages(this.#stores.state, sessionId);
      const { fields, messages } = withdrawn(stored, said, sessionId);
      const end = await this.#ended(stored, ticket, "aborted");
      return { ...end, messages, state: { ...end.state, ...fields } };
    });
  }

  /** What nobody has answered in time is recorded as that; a run whose deadline has come ends, and leaves its gates to the next. */
  async lapse(sessionId: string): Promise<void> {
    await this.#change(sessionId, async (stored, ticket) => {
      const now = Date.now();
      if ((waitEndsAt(stored) ?? Number.POSITIVE_INFINITY) > now) return null;
      if (ticket.deadlineAt !== null && ticket.deadlineAt <= now)
        return this.#ended(stored, ticket, "exhausted", "deadline");
      await tellWaiting(this.#stores.streams, sessionId, ticket, waitingGates(stored));
      const over = waitingGates(stored).filter((gate) => (lapsesAt(gate, stored) ?? now + 1) <= now);
      const ended = over.map((gate) => ({ gate, outcome: expiryOf(gate, "time", now) }));
      return goneOn(stored, ticket, withSettled(stored, ended, sessionId));
    });
  }

  async #ended(
    { sessionId }: StoredSessionState,
    { runId, agent }: RunTicket,
    outcome: RunOutcome,
    reason: string | null = null,
  ): Promise<Change> {
    const said = await readMessages(this.#stores.state, sessionId);
    return settledRun(endOf({ runId, agent, said }, outcome, reason));
  }

  /** @param body asked again if the session has changed meanwhile; null changes nothing. @returns whether something was changed */
  async #change(
    sessionId: string,
    body: (stored: StoredSessionState, ticket: RunTicket) => Promise<Change | null>,
  ): Promise<boolean> {
    for (;;) {
      const stored = await this.#stores.state.loadState(sessionId);
      const before = stored && ticketOf(stored);
      const change = before && (await body(stored, before));
      if (!change) return false;
      const { ticket = before, messages = [], run = {} } = change;
      const state = { ...stateWith(stored, ticket), ...change.state };
      const saved = await this.#stores.state.saveStateAndPromoteStaging(sessionId, {
        state,
        expectedVersion: stored.version,
        messages,
        ...(state.status === stored.status
          ? {}
          : { run: { status: runStatusOf(state.status), ...run, runId: ticket.runId } }),
      });
      if (!saved.ok) continue;
      const { runId, instance } = ticket;
      if (ticket !== before)
        await wake(this.#workflow, this.#stores, { sessionId, runId, instance, binding: this.#binding });
      else if (isWaiting(stored) && !isWaiting(state)) await closeRun(this.#stores, sessionId, ticket);
      return true;
    }
  }
}

/** With the last of them a run that waits goes on, in a next instance. */
function goneOn(stored: StoredSessionState, ticket: RunTicket, fields: Partial<SessionState>): Change {
  const state = { ...stored, ...fields };
  if (!isWaiting(stored) || waitingGates(state).length > 0) return { state: fields };
  return {
    state: { ...fields, status: "active", suspension: null },
    ticket: { ...ticket, instance: ticket.instance + 1, fromMessage: stored.messageCount },
  };
}
