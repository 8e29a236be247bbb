import type { GateRequest, UsageReport } from "sessile";
import type { AgentTask } from "../../src/agents/dossier.ts";
import type { AgentReport } from "../../src/contract/agents.ts";
import type { IncidentEvents, IncidentState } from "../../src/contract/incident.ts";
import type { Plain } from "../../src/contract/session.ts";
import type { Analyser } from "../../src/domain/index.ts";
import type { EvidenceTable } from "./evidence-table.ts";

/** Where an incident's agents are. */
export interface AgentDesk {
  ask(task: AgentTask): Promise<Plain<AgentReport>>;
  recordUsage(report: UsageReport): void;
}

/** What an investigation needs of the session it runs in. */
export interface Investigation {
  readonly analysers: readonly Analyser[];
  readonly evidence: EvidenceTable;
  /** Null: no model is set, and nobody is asked. */
  readonly desk: AgentDesk | null;
  state(): Plain<IncidentState>;
  status(): string | null;
  update(change: Partial<IncidentState>): void;
  append<Type extends keyof IncidentEvents & string>(type: Type, payload: IncidentEvents[Type]): void;
  setStatus(to: string): void;
  openGate(request: GateRequest): void;
  commit(body: () => void): void;
  takeAlerts(): Promise<void>;
  /** Begins another turn of the event loop, for one caller at a time: analysers compute, and others must get in between. */
  nextTurn(): Promise<void>;
  warn(message: string, thrown: unknown): void;
}
