import type { Action } from "../../src/protocol/access.ts";
import type { CommandOp } from "../../src/protocol/command.ts";
import type { SessionRequest } from "../../src/protocol/request.ts";

interface Rule {
  readonly right: Action;
  /** A form that is good as far as it goes. */
  readonly form?: { readonly [field: string]: unknown };
}

/** Every command, and the right it needs. A new one without an entry does not compile. */
export const commandRules: { readonly [op in CommandOp]: Rule } = {
  append: { right: "write", form: { type: "note.added" } },
  call: { right: "write", form: { method: "add", args: ["x"] } },
  setStatus: { right: "write", form: { to: "open" } },
  setState: { right: "write", form: { state: {} } },
  saveDraft: { right: "write", form: { type: "note.added" } },
  cancelDraft: { right: "write", form: { draftId: "d" } },
  sendDraft: { right: "write", form: { draftId: "d" } },
  answerGate: { right: "approve", form: { gateId: "g", answer: "approve" } },
  addPolicy: { right: "approve", form: { tool: "search" } },
  revokePolicy: { right: "approve", form: { policyId: "p" } },
  reset: { right: "admin" },
  setLifecycle: { right: "admin", form: { to: "paused" } },
  setAccess: { right: "admin", form: { visibility: "public" } },
};

const page = { limit: 10 };
const part = { uploadId: "u", chunk: 0, data: null };

/**
 * Every request that the Worker makes of a session's object, and the right the object asks for itself. `open`: it asks about each
 * command by itself, or shows nothing of a session.
 */
export const requestRules: {
  readonly [op in SessionRequest["op"]]: Omit<Rule, "right"> & { readonly right: Action | "open" };
} = {
  commands: { right: "open", form: { commands: [], chars: 2 } },
  calls: { right: "open", form: { commands: [], chars: 2 } },
  // Whose child somebody is stands in the log of the parent.
  reports: { right: "open", form: { child: { kind: "notes", name: "none" }, reports: [] } },
  describe: { right: "open" },
  view: { right: "read" },
  events: { right: "read", form: { after: 0, ...page } },
  gates: { right: "read", form: { after: 0, ...page } },
  gate: { right: "read", form: { gateId: "g" } },
  draft: { right: "read" },
  snapshots: { right: "read", form: page },
  lastSnapshot: { right: "read" },
  sync: { right: "read" },
  stream: { right: "write", form: { streamId: "s", action: { do: "append", chunks: ["x"] } } },
  streams: { right: "read", form: page },
  summaries: { right: "read", form: page },
  summarize: { right: "write", form: { style: "brief" } },
  usage: { right: "read" },
  usageEntries: { right: "read", form: page },
  partChunk: { right: "write", form: part },
  partEnd: { right: "write", form: { uploadId: "u", hash: "", bytes: 0, mediaType: "text/plain" } },
  partKnown: { right: "write", form: { hash: "" } },
  part: { right: "read", form: { hash: "" } },
  partData: { right: "read", form: { hash: "", chunk: 0 } },
  parts: { right: "read", form: { lastSeq: 0, fromRecord: false } },
  seal: { right: "admin" },
  log: { right: "admin" },
  inspect: { right: "admin", form: { withTables: true } },
  inspectSql: { right: "admin", form: { statement: "SELECT 1" } },
  importBegin: { right: "admin" },
  importAdd: { right: "admin", form: { commits: [], fromRecord: true } },
  importEnd: { right: "admin", form: { lastSeq: 0 } },
  delete: { right: "admin", form: { free: false } },
};
