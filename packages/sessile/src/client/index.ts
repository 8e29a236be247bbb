export { firstRetryMs, longestRetryMs, stableAfterMs } from "./backoff.ts";
export type { SessionAddress, SessionClientOptions } from "./client-options.ts";
export type { CloseReason, ConnectionPhase } from "./connection-state.ts";
export type { DraftActions } from "./draft-actions.ts";
export {
  type Clock,
  type Network,
  type SocketConstructor,
  type SocketEvent,
  type SocketLike,
  systemClock,
  type Transport,
  type TransportName,
} from "./environment.ts";
export type { EventsListener, SessionEvents } from "./event-feed.ts";
export { FollowedStream, type StreamSnapshot } from "./followed-stream.ts";
export { GateInbox, type GateInboxOptions, type InboxItem, type InboxSnapshot } from "./gate-inbox.ts";
export { type OpenStreamOptions, openStream, type StreamReading } from "./open-stream.ts";
export type { StateUpdate } from "./optimistic-state.ts";
export type { ClientOutbox } from "./outbox/client-outbox.ts";
export { type DurableStore, durable } from "./outbox/durable-outbox.ts";
export { type IndexedDbOutboxOptions, indexedDbOutbox } from "./outbox/indexed-db-outbox.ts";
export type { KeptCommand, SettledCommand } from "./outbox/kept-command.ts";
export { memoryOutbox } from "./outbox/memory-outbox.ts";
export type { CommandResult, PendingCommand } from "./outbox/outbox.ts";
export {
  defaultMaxStoredChars,
  type OutboxAddress,
  type OutboxJournal,
  type OutboxStore,
  type StoredCommand,
} from "./outbox/outbox-store.ts";
export { type Packed, type PartData, type PartsOptions, SessionParts, type WithParts } from "./parts.ts";
export { connect, SessionClient } from "./session-client.ts";
export type {
  AnswerGate,
  Appendable,
  AppendableType,
  EventOf,
  PayloadArgument,
  Presence,
  SessionSnapshot,
  SetState,
  SignalEvent,
} from "./session-types.ts";
export { type SharedOptions, shared } from "./tabs/shared.ts";
export {
  type EventsPage,
  HttpClient,
  type HttpClientOptions,
  type RequestedSummary,
  type ShownSummary,
  type SummariesPage,
} from "./transports/http-client.ts";
export {
  auto,
  type HttpTransportOptions,
  longPoll,
  type PollOptions,
  poll,
  sse,
  websocket,
} from "./transports/transports.ts";
export { type HeardAudio, SessionVoice, type VoiceCall } from "./voice.ts";
