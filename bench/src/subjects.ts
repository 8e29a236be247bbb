/** What is measured side by side without a record. */
export const subjectNames = ["sessile", "agents", "floor-grouped", "floor-bare"] as const;
/**
 * What is measured side by side with D1. `d1-each`: a bare object that answers once its one INSERT is in D1. `mirror`: the
 * product's default mode on a D1 that answers, and `mirror-down` on one whose every query fails.
 */
export const recordSubjectNames = ["ledger", "d1-each", "mirror", "mirror-down"] as const;
/**
 * What is measured side by side over HTTP. `stream`: the product's streams. `ds-file`: the reference server of Durable
 * Streams with its file store. `row-each`: a bare object that writes one row for each request.
 */
export const streamSubjectNames = ["stream", "ds-file", "agents-streams", "row-each"] as const;
export type StreamSubjectName = (typeof streamSubjectNames)[number];
export type SubjectName = (typeof subjectNames)[number] | (typeof recordSubjectNames)[number];
/**
 * Whose runs of agents are measured side by side: the product's in session objects and on Workflows, the AI SDK's own loop, which
 * stores nothing, and LangGraph's with its SQLite checkpointer.
 */
export const runSubjectNames = ["object", "workflow", "ai-sdk", "langgraph"] as const;
export type RunSubjectName = (typeof runSubjectNames)[number];
export type MeasuredName = SubjectName | StreamSubjectName | RunSubjectName;

export interface Subject {
  readonly name: SubjectName;
  /** Class of its objects in the bench Worker, for eviction and for counting rows. */
  readonly className: string;
  /** Path of the socket of one session; `/{path}/{name}`. */
  readonly path: string;
  readonly subprotocol?: string;
  /** `commands`: frames of the product's wire. `messages`: one bare JSON message per event. */
  readonly wire: "commands" | "messages";
  /** Whether the server speaks first, and the load must wait for it. */
  readonly greets: boolean;
}

export const subjects: { readonly [Name in SubjectName]: Subject } = {
  sessile: product("sessile", "BenchSession", "/bench"),
  agents: {
    name: "agents",
    className: "BenchAgent",
    path: "/agents/bench-agent",
    wire: "messages",
    greets: true,
  },
  "floor-grouped": {
    name: "floor-grouped",
    className: "FloorGrouped",
    path: "/floor/FloorGrouped",
    wire: "commands",
    greets: false,
  },
  "floor-bare": {
    name: "floor-bare",
    className: "FloorBare",
    path: "/floor/FloorBare",
    wire: "commands",
    greets: false,
  },
  ledger: product("ledger", "LedgerSession", "/ledger"),
  "d1-each": {
    name: "d1-each",
    className: "FloorD1",
    path: "/floor/FloorD1",
    wire: "commands",
    greets: false,
  },
  mirror: product("mirror", "MirrorSession", "/mirror"),
  "mirror-down": product("mirror-down", "MirrorDownSession", "/mirror-down"),
};

function product(name: SubjectName, className: string, path: string): Subject {
  return { name, className, path, subprotocol: "sessile.v1", wire: "commands", greets: true };
}
