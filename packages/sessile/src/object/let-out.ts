import { mayAccess, type SessionAccess } from "../protocol/access.ts";
import { closeCodes } from "../protocol/close-code.ts";
import type { Actor } from "../protocol/event.ts";
import type { AgentsPeers } from "./agents/agents-peers.ts";
import { noSuchSession } from "./no-such-session.ts";
import type { Peers } from "./peers.ts";
import type { StreamSockets } from "./streams/stream-sockets.ts";

export interface ConnectedSession {
  readonly peers: Peers;
  readonly agents: { readonly peers: AgentsPeers };
  readonly streams: { readonly sockets: StreamSockets };
}

/**
 * Before a commit that has changed who may read is shown: nobody it lets out is shown any of it, but they still hear what came of
 * their own commands. @returns what then ends their connections
 */
export function letOut(
  { peers, agents, streams }: ConnectedSession,
  access: SessionAccess | undefined,
): () => void {
  const mayStay = (actor: Actor | null) => mayAccess(access, actor?.id, "read");
  const { message } = noSuchSession();
  peers.muteUnless(mayStay);
  agents.peers.closeUnless(mayStay, closeCodes.notFound, message);
  streams.sockets.closeUnless(mayStay, closeCodes.notFound, message);
  return () => peers.closeUnless(mayStay, closeCodes.notFound, message);
}
