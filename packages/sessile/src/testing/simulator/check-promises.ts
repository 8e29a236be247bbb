import { isDeepStrictEqual } from "node:util";
import type { Command } from "../../protocol/command.ts";
import type { SessionEvent } from "../../protocol/event.ts";
import { parseProducerPosition } from "../../protocol/ids.ts";
import type { Json } from "../../protocol/json.ts";
import { emptyView, foldEvent } from "../../protocol/view.ts";
import type { Promised, Told } from "./ledger.ts";
import type { LogOnDisk } from "./log-follower.ts";

type Fail = (what: string) => void;

/** Methods that always succeed. */
const steady: ReadonlySet<string> = new Set(["scatter", "remind", "edit"]);
/** Methods that always write when they succeed; others may find that there is nothing to do. */
const alwaysWrite: ReadonlySet<string> = new Set([...steady, "carryOut"]);

/**
 * What senders were told against what the log says: exactly once, in order, with the same answers.
 *
 * @param others who write as well, and check it themselves
 */
export function checkPromises(
  log: LogOnDisk,
  promises: readonly Promised[],
  others: ReadonlySet<string>,
  fail: Fail,
): void {
  const byId = new Map<string, SessionEvent>();
  for (const event of log.events) {
    if (event.clientEventId === null) continue;
    if (byId.has(event.clientEventId)) fail(`${event.clientEventId} is in the log twice`);
    byId.set(event.clientEventId, event);
  }
  for (const promised of promises) {
    const event = byId.get(promised.id);
    byId.delete(promised.id);
    for (const told of promised.answers) checkAnswer(promised, told, event, log, fail);
    if (event) checkWrite(promised, event, log, fail);
  }
  for (const [id, { actor }] of byId)
    if (!others.has(actor?.id ?? "")) fail(`${id} is in the log, and nobody sent it`);
}

function checkAnswer(
  { id, command, copies, answers }: Promised,
  told: Told,
  event: SessionEvent | undefined,
  log: LogOnDisk,
  fail: Fail,
): void {
  if (told.is === "refused") {
    if (told.error.retryable) fail(`${id} ended with ${told.error.code}, which is worth repeating`);
    // Of several copies under way one may be refused and another, later, find things as it wants them (EO7).
    if (event && copies === 1 && !answers.some(({ is }) => is === "done"))
      fail(`${id} was refused (${told.error.message}) and is in the log`);
    if (told.error.code === "internal" && !(command.op === "call" && command.method === "breakOff"))
      fail(`${id} was refused as if the session's own code had failed`);
    if (/Inner text|disk I\/O/.test(told.error.message)) fail(`${id} was told an inner text`);
  }
  if (told.is !== "done") return;
  const mustWrite = command.op !== "call" || alwaysWrite.has(command.method);
  if (!event) {
    if (mustWrite) fail(`${id} was acknowledged at ${told.seq} and is not in the log`);
    return;
  }
  if (told.seq !== null && told.seq !== event.seq && mustWrite)
    fail(`${id} was acknowledged at ${told.seq} and is at ${event.seq}`);
  if (mustWrite && !isDeepStrictEqual(told.result, log.results.get(event.seq)))
    fail(
      `${id} was answered ${JSON.stringify(told.result)}; the log has ${JSON.stringify(log.results.get(event.seq))}`,
    );
}

/** What a command wrote is what it asked for, and its conditions held where it wrote. */
function checkWrite({ id, command }: Promised, event: SessionEvent, log: LogOnDisk, fail: Fail): void {
  const before = (types: readonly string[]) => {
    for (let seq = event.seq - 1; seq > 0; seq--)
      if (types.includes(log.events[seq - 1]?.type ?? "")) return seq;
    return 0;
  };
  const says = (payload: unknown) => {
    if (!isDeepStrictEqual(event.payload, payload)) fail(`${id} wrote ${JSON.stringify(event.payload)}`);
  };
  switch (command.op) {
    case "append":
      says(command.payload);
      return;
    case "setState":
      if (!isDeepStrictEqual(stateAt(log.events, event.seq), command.state))
        fail(`${id} made the state ${JSON.stringify(stateAt(log.events, event.seq))}`);
      if (
        command.ifVersion !== undefined &&
        command.ifVersion !== before(["state.changed", "session.created"])
      )
        fail(`${id} wrote the state over another version than ${command.ifVersion}`);
      return;
    case "setStatus":
      if (
        command.expectedVersion !== undefined &&
        command.expectedVersion !== before(["status.changed", "session.created"])
      )
        fail(`${id} moved the status from another version than ${command.expectedVersion}`);
      return;
    case "call":
      if (command.method === "breakOff") fail(`${id} failed half-way and is in the log`);
      return;
    default:
  }
}

/** The state after an event, from the changes up to it. */
function stateAt(events: readonly SessionEvent[], seq: number): Json {
  let view = emptyView("", "");
  for (const { type, payload } of events.slice(0, seq)) {
    const position = view.lastSeq + 1;
    if (type === "session.created" || type === "state.changed")
      view = foldEvent(view, { type, payload: payload as Json }, position, 0);
    view = { ...view, lastSeq: position };
  }
  return view.state;
}

/**
 * What one producer sends is applied in the order it was sent in. Left out is what may have been refused, or have found
 * nothing to do, when it came first: such a command runs again whenever it is repeated (EO7, EO8).
 */
export function checkOrder(events: readonly SessionEvent[], promises: readonly Promised[], fail: Fail): void {
  const inOrder = new Set(promises.filter(({ command }) => isSteady(command)).map(({ id }) => id));
  const last = new Map<string, { epoch: number; n: number; id: string }>();
  for (const { clientEventId } of events) {
    const position = clientEventId === null ? null : parseProducerPosition(clientEventId);
    if (!position || clientEventId === null || !inOrder.has(clientEventId)) continue;
    const { producer, epoch, n } = position;
    const earlier = last.get(producer);
    if (earlier && (epoch < earlier.epoch || (epoch === earlier.epoch && n < earlier.n)))
      fail(`${clientEventId} was applied after ${earlier.id}`);
    last.set(producer, { epoch, n, id: clientEventId });
  }
}

function isSteady(command: Command): boolean {
  if (command.op === "call") return steady.has(command.method);
  return command.op === "append" || (command.op === "setState" && command.ifVersion === undefined);
}
