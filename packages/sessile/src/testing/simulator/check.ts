import { isDeepStrictEqual } from "node:util";
import { type Commit, eventsOf, type SessionEvent } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamSegment } from "../../protocol/stream.ts";
import { emptyView, foldCommit, type SessionView } from "../../protocol/view.ts";
import { checkArchive, commitsOnDisk } from "./check-archive.ts";
import { checkEntities } from "./check-entities.ts";
import { GateCheck } from "./check-gates.ts";
import { checkLinear } from "./check-linear.ts";
import { checkOrder, checkPromises } from "./check-promises.ts";
import { checkSnapshots } from "./check-snapshots.ts";
import type { Ledger } from "./ledger.ts";
import type { LogFollower } from "./log-follower.ts";
import type { BookedPolicy } from "./policy-book.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedClient } from "./simulated-client.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import type { SimulatedUpdater } from "./simulated-updater.ts";

/** A session's log as it is on disk, read without any code of the session. */
export interface LogOnDisk {
  readonly commits: readonly Commit[];
  readonly events: readonly SessionEvent[];
  /** What each command answered, by seq of its first event. */
  readonly results: ReadonlyMap<number, unknown>;
  readonly view: SessionView;
}

export function readLog(object: SessionObject): LogOnDisk {
  const { name } = object;
  const commits = commitsOnDisk(object).map((body) => JSON.parse(body) as Commit);
  const key = sessionKeyOf(SimulatedKind.kind, name);
  const results = new Map<number, unknown>();
  for (const { firstSeq, events } of commits)
    for (const [index, { result }] of events.entries()) results.set(firstSeq + index, result);
  return {
    commits,
    events: commits.flatMap((commit) => eventsOf(commit, key)),
    results,
    view: commits.reduce(foldCommit, emptyView(SimulatedKind.kind, name)),
  };
}

/** Everything that must hold of a session at rest. */
export function checkSession(
  object: SessionObject,
  ledger: Ledger,
  follower: LogFollower,
  updaters: readonly SimulatedUpdater[],
  policies: readonly BookedPolicy[],
): void {
  if (!object.hasLog) return;
  const fail = (what: string) => object.world.fail(`${object.name}: ${what}`);
  const log = readLog(object);
  let at = 0;
  for (const [index, { seq, createdAt }] of log.events.entries()) {
    if (seq !== index + 1) {
      fail(`event ${index + 1} of the log has seq ${seq}`);
      return;
    }
    if (Date.parse(createdAt) < at) fail(`time runs backwards at ${seq}`);
    at = Date.parse(createdAt);
  }
  const { instance } = object;
  if (instance?.isAwake && !isDeepStrictEqual(instance.host.kernel.committedView, log.view))
    fail(
      `the view in memory ${JSON.stringify(instance.host.kernel.committedView)} is not the fold of the log ${JSON.stringify(log.view)}`,
    );
  const promises = ledger.all.filter(({ session }) => session === object.name);
  checkPromises(log, promises, new Set(updaters.map(({ client }) => client.name)), fail);
  const { views } = follower;
  checkLinear(log, views, promises, fail);
  for (const updater of updaters) if (updater.client.object === object) updater.check(log.events, views);
  checkEntities(object, log, fail);
  new GateCheck(object, promises, policies, fail).run(log);
  checkSnapshots(object, follower, fail);
  checkArchive(object, follower, fail);
  // A commit that fails under an instance that lives on refuses its commands, and others under way overtake them.
  if (!object.database.hasOutlivedFailure) checkOrder(log.events, promises, fail);
}

/** Each client holds what the log says, and was never shown anything else. */
export function checkClients(clients: readonly SimulatedClient[]): void {
  const logs = new Map<SessionObject, LogOnDisk>();
  for (const client of clients) {
    const { object, snapshot } = client;
    const log = logs.get(object) ?? readLog(object);
    logs.set(object, log);
    const fail = (what: string) => object.world.fail(`${client.name}: ${what}`);
    const shown = log.events.map(asShown);
    for (const event of client.heard) {
      if (!isDeepStrictEqual(event, shown[event.seq - 1]))
        fail(`was shown ${JSON.stringify(event)}; the log has ${JSON.stringify(log.events[event.seq - 1])}`);
    }
    if (!client.followsEvents) continue;
    if (!isDeepStrictEqual(snapshot.view, log.view))
      fail(`has the view ${JSON.stringify(snapshot.view)}; the log folds to ${JSON.stringify(log.view)}`);
    if (!isDeepStrictEqual(snapshot.state, log.view.state))
      fail(`shows the state ${JSON.stringify(snapshot.state)}; it is ${JSON.stringify(log.view.state)}`);
    const latest = shown.filter(({ type }) => type !== "stream.segment");
    if (!isDeepStrictEqual(snapshot.events, latest.slice(latest.length - snapshot.events.length)))
      fail("holds events that are not the log's last ones");
  }
}

/** Event feeds have segments without their chunks. */
function asShown(event: SessionEvent): SessionEvent {
  if (event.type !== "stream.segment") return event;
  const { chunks: _chunks, ...payload } = event.payload as unknown as StreamSegment;
  return { ...event, payload: payload as unknown as Json };
}
