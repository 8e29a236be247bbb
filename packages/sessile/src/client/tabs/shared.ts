import type { Environment, Transport } from "../environment.ts";
import { type HttpTransportOptions, SessionRequests } from "../session-requests.ts";
import { websocket } from "../transports/transports.ts";
import { SharedSocket } from "./shared-socket.ts";
import { stand } from "./tab-election.ts";
import { TabHub } from "./tab-hub.ts";

export interface SharedOptions extends HttpTransportOptions {
  /** What the one connection is: `websocket()` by default, or any other transport. */
  readonly transport?: Transport;
}

/**
 * One connection for all tabs of a browser that show the session: one of them holds it, and another takes over when that one goes. Where
 * the platform has no `BroadcastChannel` or Web Locks, and where tabs belong to different people, each has its own.
 */
export function shared(options: SharedOptions = {}): Transport {
  const transport = options.transport ?? websocket();
  /** Sessions whose connection belongs to somebody else. */
  const strange = new Set<string>();
  return {
    name: transport.name,
    open: (url, environment) =>
      strange.has(url) || !canShare()
        ? transport.open(url, environment)
        : openShared(url, environment, { ...options, transport }, () => strange.add(url)),
  };
}

/** Of what tabs say to each other: one that runs older code has a connection of its own. */
const tabProtocol = 1;

function canShare(): boolean {
  return typeof BroadcastChannel === "function" && globalThis.navigator?.locks !== undefined;
}

function openShared(
  url: string,
  environment: Environment,
  options: SharedOptions & { readonly transport: Transport },
  onStranger: () => void,
): SharedSocket {
  const { clock } = environment;
  const { transport } = options;
  const channelName = `sessile-tabs-${tabProtocol}:${transport.name}:${url}`;
  const open = () => transport.open(url, environment);
  return new SharedSocket({
    channelName,
    candidacy: stand(channelName, () => new TabHub({ channelName, open, clock })),
    requests: new SessionRequests(url.replace(/^ws/, "http"), options, clock),
    clock,
    via: transport.name === "auto" ? "websocket" : transport.name,
    onStranger,
  });
}
