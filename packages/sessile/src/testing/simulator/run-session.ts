import type { RunSession } from "../../agent/run/run-session.ts";
import { readGate, Usage, type Writer } from "../../kernel/index.ts";
import { readEventsPage } from "../../object/events-page.ts";
import { SessionBudgets } from "../../object/meter/session-budgets.ts";
import { SessionStreams } from "../../object/streams/session-streams.ts";
import type { Instance } from "./instance.ts";

type Session = RunSession["session"];
/** Of other sessions, which agents here have none of. */
type Family = "child" | "children" | "reportToParent" | "session" | "setAccess" | "sql";

/** What a session's own code has of it, as `SessionActions` gives it. */
export function runSessionOf(instance: Instance, write: <T>(body: (writer: Writer) => T) => T): Session {
  const kernel = () => instance.host.kernel;
  const session: Omit<Session, Family> = {
    get limits() {
      return kernel().definition.limits;
    },
    parent: null,
    streams: new SessionStreams(() => instance.host.streams),
    budgets: new SessionBudgets(write),
    get view() {
      return kernel().view as Session["view"];
    },
    get state() {
      return kernel().view.state as Session["state"];
    },
    get caller() {
      return kernel().actor;
    },
    commit: (body) => write(() => body()),
    append: (type, payload) => write((writer) => writer.append(type, payload)),
    setState: (next) => write((writer) => writer.setState(next)),
    openGate: (request) => write((writer) => writer.openGate(request)),
    expireGate: (gateId) => write((writer) => writer.gates.expire(gateId, "withdrawn")),
    gate: (gateId) => readGate(kernel().sql, gateId),
    setTimer: (request) => write((writer) => writer.setTimer(request)),
    cancelTimer: (timerId) => write((writer) => writer.cancelTimer(timerId)),
    startWork: (name, { workId = name, input = null } = {}) =>
      write((writer) => writer.startWork({ workId, name, input })),
    readEvents: (page = {}) => readEventsPage(kernel(), page),
    recordUsage: (report) => write((writer) => writer.recordUsage(report)),
    usage: (of = {}) => new Usage(kernel().sql).rollup(of),
  };
  return session as Session;
}
