import type { LogLevel, Writer } from "../../kernel/index.ts";
import type { CallGate, PendingCall } from "../../object/gates/call-gate.ts";
import type { Session } from "../../object/session.ts";
import type { AgentState, Json } from "../../protocol/index.ts";
import type { AgentDefinition } from "../define-agent.ts";
import type { AgentEvents } from "./conversation.ts";
import type { TitleOptions } from "./session-title.ts";

export type AgentSessionState = { readonly agent: AgentState };

type AgentHost = Session<unknown, AgentSessionState, AgentEvents>;

/** What runs need of the session they are in. */
export interface RunSession {
  readonly session: Pick<
    AgentHost,
    | "append"
    | "budgets"
    | "caller"
    | "cancelTimer"
    | "child"
    | "children"
    | "commit"
    | "expireGate"
    | "gate"
    | "limits"
    | "openGate"
    | "parent"
    | "readEvents"
    | "recordUsage"
    | "reportToParent"
    | "session"
    | "setAccess"
    | "setState"
    | "setTimer"
    | "sql"
    | "startWork"
    | "state"
    | "streams"
    | "usage"
    | "view"
  >;
  readonly write: <T>(body: (writer: Writer) => T) => T;
  readonly agents: () => readonly AgentDefinition[];
  readonly gateOf: (call: PendingCall) => CallGate;
  readonly titles: () => TitleOptions | null;
  readonly log: RunLogger["log"];
}

/** Where what happens to runs is told. */
export interface RunLogger {
  log(level: LogLevel, message: string, attrs: { readonly [name: string]: Json }): void;
}
