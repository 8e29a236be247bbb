import type { Alert } from "../model/alert.ts";
import { isGroupIp, isInternalIp } from "./ip-address.ts";

export type Direction = "inbound" | "outbound" | "internal" | "unknown";

/** Who opened the connection, who answered it, and across which border. */
export interface Conversation {
  readonly client: string;
  readonly server: string;
  readonly serverPort?: number;
  readonly direction: Direction;
}

/** Linux takes client ports from here up, Windows from 49152 (RFC 6335 §6). */
const firstEphemeralPort = 32_768;

/**
 * An alert's source is the sender of the packet that fired, which for a reply is the server. A privileged port (below 1024) facing
 * a higher one, or a fixed port facing an ephemeral one, is taken for the server's, whichever way the packet went.
 */
export function conversationOf(alert: Alert): Conversation | undefined {
  const { src, dest } = alert;
  if (src === undefined || dest === undefined) return undefined;
  const reply = isServerPort(src.port, dest.port);
  const [client, server] = reply ? [dest, src] : [src, dest];
  return {
    client: client.ip,
    server: server.ip,
    ...(server.port === undefined ? {} : { serverPort: server.port }),
    direction: directionOf(client.ip, server.ip),
  };
}

function isServerPort(port = 65_536, other = 0): boolean {
  return (port < 1024 && other >= 1024) || (port < firstEphemeralPort && other >= firstEphemeralPort);
}

function directionOf(client: string, server: string): Direction {
  const clientInside = isInternalIp(client);
  const serverInside = isInternalIp(server) || isGroupIp(server);
  if (clientInside) return serverInside ? "internal" : "outbound";
  return isInternalIp(server) ? "inbound" : "unknown";
}
