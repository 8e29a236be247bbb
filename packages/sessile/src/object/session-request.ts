import { logLevels, readOnly } from "../kernel/index.ts";
import type { Action } from "../protocol/access.ts";
import type { Outcome } from "../protocol/command.ts";
import { SessileError, unreachable } from "../protocol/error.ts";
import type { Commit } from "../protocol/event.ts";
import type { Json } from "../protocol/json.ts";
import type { QuotaStatus } from "../protocol/quota.ts";
import type {
  SessionCaller,
  SessionReplies,
  SessionReply,
  SessionRequest,
  WireOutcome,
} from "../protocol/request.ts";
import { readsOnly } from "../protocol/stream-request.ts";
import { adopt, takeReports } from "./family/family.ts";
import { inspect } from "./inspect.ts";
import { answerImport } from "./keeping/import-requests.ts";
import { answerPart } from "./keeping/part-requests.ts";
import type { SessionHost } from "./session-host.ts";
import { answerSummaries } from "./summaries/summary-requests.ts";

const adminOps: ReadonlySet<SessionRequest["op"]> = new Set([
  "log",
  "inspect",
  "inspectSql",
  "seal",
  "importBegin",
  "importAdd",
  "importEnd",
]);

const writeOps: ReadonlySet<SessionRequest["op"]> = new Set([
  "partChunk",
  "partEnd",
  "partKnown",
  "summarize",
]);

/** Each of their commands is asked about by itself; that a report's sender is a child stands in the child's own log. */
const judgesItself: ReadonlySet<SessionRequest["op"]> = new Set(["commands", "calls", "reports"]);

/** What takes a session that is there. */
export type HostRequest = Exclude<SessionRequest, { readonly op: "delete" | "describe" }>;

/** Steps of an import: the only requests that do not make the session they are addressed to. */
export function isImport(request: SessionRequest): boolean {
  const { op } = request;
  if (op === "partChunk" || op === "partEnd") return request.importing === true;
  return op === "importBegin" || op === "importAdd" || op === "importEnd";
}

/** Requests that are only for a session that is there. */
export function makesNoSession({ op }: SessionRequest): boolean {
  return op === "reports" || op === "inspect" || op === "inspectSql";
}

/** Requests by which somebody makes an owned session theirs. */
export function makesOwned(request: SessionRequest): boolean {
  if (request.op === "view") return request.connects === true;
  return request.op === "commands" || request.op === "calls";
}

/** Answers one request of the HTTP layer. Errors become data here, so that their codes survive the hop. */
export async function answerRequest(
  host: SessionHost,
  request: HostRequest,
  caller: SessionCaller,
  may: (action: Action) => boolean,
): Promise<SessionReply> {
  try {
    const action = actionOf(request);
    if (!judgesItself.has(request.op) && !may(action))
      throw new SessileError("forbidden", `You may not ${action} this session.`);
    if (!isImport(request)) await host.visible.begun();
    adopt(host, caller.parent, may);
    return { ok: true, value: await answer(host, request, caller) };
  } catch (thrown) {
    if (!(thrown instanceof SessileError)) host.report(`Request ${request.op} failed`, thrown);
    return { ok: false, error: SessileError.from(thrown).toWire() };
  }
}

function actionOf(request: HostRequest): Action {
  if (adminOps.has(request.op) || isImport(request)) return "admin";
  if (request.op === "stream") return readsOnly(request.action) ? "read" : "write";
  return writeOps.has(request.op) ? "write" : "read";
}

async function answer(
  host: SessionHost,
  request: HostRequest,
  caller: SessionCaller,
): Promise<SessionReplies[HostRequest["op"]]> {
  const { kernel, visible } = host;
  switch (request.op) {
    case "view":
      return visible.view;
    case "events": {
      const page = await host.readAfter(request.after, request.limit);
      const commits = page.commits.map((stored) => JSON.parse(stored.body) as Commit);
      const draft = request.withDraft ? { draft: kernel.drafts.of(caller.actor?.id) } : {};
      const { lastSeq, createdAt } = visible.view;
      return { commits, more: page.more, lastSeq, createdAt, ...draft };
    }
    case "commands": {
      let quota: QuotaStatus | undefined;
      const { commands, chars, rights } = request;
      const sender = { ...caller, ...(rights ? { rights } : {}) };
      const outcomes = await host.intake.fromRequest(sender, commands, chars, {
        waitMs: request.waitMs,
        onQuota: (status) => {
          quota = status;
        },
      });
      return {
        outcomes: outcomes.map((outcome) => outcome && wireOutcome(outcome)),
        view: visible.view,
        ...(quota ? { quota } : {}),
      };
    }
    case "calls": {
      const outcomes = await host.intake.fromRequest(caller, request.commands, request.chars, {});
      const { kind, name } = kernel.committedView;
      return {
        address: { kind, name },
        outcomes: outcomes.map((outcome) => wireOutcome(outcome as Outcome)),
      };
    }
    case "reports":
      return { outcomes: (await takeReports(host, request.child, request.reports)).map(wireOutcome) };
    case "stream":
      return host.streams.answer(request.streamId, request.action);
    case "streams":
      return { items: host.streams.reads.list(request.limit, request.before) };
    case "gates":
      return { gates: visible.gates(request.after, request.limit) };
    case "gate":
      return { gate: visible.gate(request.gateId) };
    case "draft":
      return { draft: kernel.drafts.of(caller.actor?.id) };
    case "snapshots":
      return { items: visible.snapshots(request.limit, request.before) };
    case "lastSnapshot":
      return { snapshot: visible.lastSnapshot() };
    case "seal": {
      if (visible.refusal) throw visible.refusal;
      const snapshot = host.seal();
      await host.shown();
      return { snapshot };
    }
    case "sync":
      return visible.sync();
    case "importBegin":
    case "importAdd":
    case "importEnd":
      return answerImport(host, request, caller);
    case "partChunk":
    case "partEnd":
    case "partKnown":
    case "part":
    case "partData":
    case "parts":
      return answerPart(host, request);
    case "summaries":
    case "summarize":
    case "usage":
    case "usageEntries":
      return answerSummaries(host, request, caller);
    case "inspect":
      return inspect(host, request.withTables);
    case "inspectSql":
      return readOnly(kernel.sql, request.statement);
    case "log":
      return { entries: operatorLog(host, request) };
    default:
      return unreachable(request);
  }
}

function operatorLog(
  { kernel }: SessionHost,
  { op: _op, level, ...query }: SessionRequest & { readonly op: "log" },
): readonly Json[] {
  const known = logLevels.find((name) => name === level);
  if (level !== undefined && !known)
    throw new SessileError("bad_request", `level is one of: ${logLevels.join(", ")}.`, { field: "level" });
  return kernel.operatorLog.query({
    ...query,
    ...(known ? { level: known } : {}),
  }) as unknown as readonly Json[];
}

function wireOutcome(outcome: Outcome): WireOutcome {
  if (!outcome.ok) return { ok: false, error: outcome.error.toWire() };
  const { seq, repeated, result } = outcome;
  return { ok: true, seq, repeated, ...(result === undefined ? {} : { result }) };
}
