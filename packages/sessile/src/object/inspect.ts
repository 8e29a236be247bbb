import { inspectDue, inspectTables, inspectWork } from "../kernel/index.ts";
import { type InspectedSocket, type Inspection, maxInspected } from "../protocol/inspection.ts";
import { bufferedBytes } from "./buffered-bytes.ts";
import { DurableSql } from "./durable-sql.ts";
import type { SessionHost } from "./session-host.ts";

/** What goes on inside, for operators: of the object itself, and so in ledger mode also what the record does not hold yet. */
export function inspect(host: SessionHost, withTables: boolean): Inspection {
  const { sql } = host.kernel;
  const sockets = inspectSockets(host);
  return {
    sockets: { count: sockets.length, items: sockets.slice(0, maxInspected) },
    streamReaders: host.streams.sockets.size,
    due: inspectDue(sql),
    work: inspectWork(sql),
    ...(withTables ? { tables: inspectTables(sql) } : {}),
    databaseBytes: sql instanceof DurableSql ? sql.databaseBytes : null,
    sync: host.visible.sync(),
  };
}

function inspectSockets({ peers, agents }: SessionHost): readonly InspectedSocket[] {
  const own = peers.sockets.flatMap((socket): InspectedSocket[] => {
    const peer = peers.get(socket);
    if (!peer) return [];
    const { peerId, actor, phase, since } = peer;
    const buffered = bufferedBytes(socket);
    return [{ peerId, actor, protocol: "sessile.v1", phase, since, bufferedBytes: buffered }];
  });
  const others = agents.peers.sockets.flatMap((socket): InspectedSocket[] => {
    const peer = agents.peers.get(socket);
    if (!peer) return [];
    const { peerId, actor } = peer;
    const buffered = bufferedBytes(socket);
    return [{ peerId, actor, protocol: "agents", phase: "live", since: null, bufferedBytes: buffered }];
  });
  return [...own, ...others];
}
