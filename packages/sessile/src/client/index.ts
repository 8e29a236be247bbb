export { firstRetryMs, longestRetryMs, stableAfterMs } from "./backoff.ts";
export type { SessionAddress, SessionClientOptions } from "./client-options.ts";
export type { CloseReason, ConnectionPhase } from "./connection-state.ts";
export type { Clock, Network, SocketConstructor, SocketEvent, SocketLike } from "./environment.ts";
export type { EventsListener, SessionEvents } from "./event-feed.ts";
export type { CommandResult, PendingCommand } from "./outbox.ts";
export { connect, SessionClient } from "./session-client.ts";
export type {
  Appendable,
  AppendableType,
  EventOf,
  PayloadArgument,
  Presence,
  SessionSnapshot,
  SignalEvent,
} from "./session-types.ts";
