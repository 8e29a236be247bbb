import { isDeepStrictEqual } from "node:util";
import type { SessionEvent } from "../../protocol/event.ts";
import type { Json } from "../../protocol/json.ts";
import type { StreamSegment } from "../../protocol/stream.ts";
import { checkArchive } from "./check-archive.ts";
import { checkEntities } from "./check-entities.ts";
import { GateCheck } from "./check-gates.ts";
import { checkLinear } from "./check-linear.ts";
import { checkOrder, checkPromises } from "./check-promises.ts";
import { checkQuotas } from "./check-quotas.ts";
import { RunCheck } from "./check-runs.ts";
import { checkSnapshots } from "./check-snapshots.ts";
import { checkSummaries } from "./check-summaries.ts";
import type { Stage } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import type { LogFollower } from "./log-follower.ts";
import type { SessionObject } from "./session-object.ts";
import type { SimulatedClient } from "./simulated-client.ts";

/** Everything that must hold of a session at rest. */
export function checkSession(
  object: SessionObject,
  ledger: Ledger,
  log: LogFollower,
  { updaters, authors, policies }: Pick<Stage, "updaters" | "authors" | "policies">,
): void {
  if (!object.hasLog) return;
  const fail = (what: string) => object.world.fail(`${object.name}: ${what}`);
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
  checkPromises(log, promises, new Set([...updaters, ...authors].map(({ client }) => client.name)), fail);
  const { views } = log;
  checkLinear(log, views, promises, fail);
  for (const updater of updaters) if (updater.client.object === object) updater.check(log.events, views);
  for (const author of authors) if (author.client.object === object) author.check(log.events);
  checkEntities(object, log, fail);
  new GateCheck(object, promises, policies?.all ?? [], fail).run(log);
  checkSnapshots(object, log, fail);
  checkArchive(object, log, fail);
  checkSummaries(object, log.events, fail);
  if (object.world.runs) new RunCheck(object, object.world.runs, log, promises, fail).run();
  // A commit that fails under an instance that lives on refuses its commands, and others under way overtake them.
  // So does one that is refused a quota for a while, and overtaken by what costs nothing.
  const { hasQuotas, d1 } = object.world;
  if (!object.database.hasOutlivedFailure && !hasQuotas) checkOrder(log.events, promises, fail);
  if (hasQuotas && d1) checkQuotas(object, d1, log.events, promises);
}

/** Each client holds what the log says, and was never shown anything else. */
export function checkClients(
  clients: readonly SimulatedClient[],
  logs: ReadonlyMap<SessionObject, LogFollower>,
): void {
  for (const client of clients) {
    const { object, snapshot } = client;
    const log = logs.get(object) as LogFollower;
    const fail = (what: string) => object.world.fail(`${client.name}: ${what}`);
    const shown = log.events.map(asShown);
    for (const event of client.heard.splice(0)) {
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
