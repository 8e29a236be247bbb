export {
  type ClientWrites,
  type GateRequest,
  type LogLevel,
  type Migration,
  type TimerRequest,
  type Workflow,
  workflow,
} from "./kernel/index.ts";
export {
  callable,
  DirectoryFeed,
  type DirectoryFeedStub,
  directoryFeedName,
  type LoadingCacheStats,
  type SessileBindings,
  Session,
  type WorkContext,
  type WorkFunction,
} from "./object/index.ts";
export {
  type Action,
  type Actor,
  type Callable,
  defaultLimits,
  type ErrorCode,
  type Gate,
  type GateOutcome,
  type Json,
  type Lifecycle,
  type Limits,
  type PartReference,
  type Peer,
  SessileError,
  type SessionEvent,
  type SessionView,
} from "./protocol/index.ts";
export type { DirectoryDescription, SessionRecord } from "./record/index.ts";
