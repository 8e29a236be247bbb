import type { EventsPage } from "../../object/events-page.ts";
import {
  type AgentState,
  type Json,
  type RunOutcome,
  type RunStep,
  SessileError,
} from "../../protocol/index.ts";
import { openCalls, type Said } from "./transcript.ts";

/** `message.created`: one message, and the event of the one before it. */
export type RunMessage = Said & { readonly previous: number | null };

export type AgentEvents = {
  readonly "message.created": RunMessage & Json;
  /** What a sub-agent's session tells the one that asked. */
  readonly "agent.run_ended": { readonly runId: string; readonly outcome: RunOutcome };
};

/** Where messages lie: events of a session, the newest named by its state. */
export interface MessageLog {
  readonly agent: AgentState;
  setAgent(change: Partial<AgentState>): void;
  append(type: "message.created", message: RunMessage & Json): number;
  readEvents(options: { readonly after: number; readonly limit: number }): EventsPage;
}

/** A message and its event. */
export type LoggedMessage = Said & { readonly seq: number };

/** What was said in a session of agents: events, each naming the one before it. */
export class Conversation {
  readonly #log: MessageLog;

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** Every message that leads to the newest, oldest first. */
  read(): readonly LoggedMessage[] {
    const said: LoggedMessage[] = [];
    for (let seq = this.#log.agent.head; seq !== null; ) {
      const payload = this.#at(seq);
      if (!payload) break;
      const { previous, ...one } = payload;
      said.push({ ...one, seq });
      seq = previous;
    }
    return said.reverse();
  }

  say(said: readonly Said[]): void {
    for (const one of said) {
      const message = { ...one, previous: this.#log.agent.head } as unknown as RunMessage & Json;
      this.#log.setAgent({ head: this.#log.append("message.created", message) });
    }
  }

  /** @throws SessileError `not_found`, `conflict` */
  goBack(said: readonly LoggedMessage[], to: RunStep): void {
    this.#log.setAgent({ head: placeOf(said, to).seq });
  }

  #at(seq: number): RunMessage | null {
    try {
      const { events } = this.#log.readEvents({ after: seq - 1, limit: 1 });
      const found = events.find((event) => event.seq === seq);
      return (found?.payload as unknown as RunMessage | undefined) ?? null;
    } catch (thrown) {
      // It lies in the archive.
      if (thrown instanceof SessileError && thrown.code === "not_found") return null;
      throw thrown;
    }
  }
}

/** The last message of a step whose calls all have their results. @throws SessileError `not_found`, `conflict` */
function placeOf(said: readonly LoggedMessage[], { runId, step }: RunStep): LoggedMessage {
  const answer = said.findLastIndex(
    (one) => one.runId === runId && one.step === step && one.message.role === "assistant",
  );
  if (answer < 0)
    throw new SessileError("not_found", "The conversation has no such step.", { field: "from" });
  // Another run may have finished it.
  const next = said.findIndex(({ message }, at) => at > answer && message.role !== "tool");
  const upTo = said.slice(0, next < 0 ? said.length : next);
  if (openCalls(upTo).length > 0)
    throw new SessileError("conflict", "That step was not finished.", { field: "from" });
  return upTo.at(-1) as LoggedMessage;
}
