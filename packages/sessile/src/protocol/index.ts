export {
  type AccessChange,
  type Action,
  actionOf,
  actions,
  mayAccess,
  readerIdsOf,
  type SessionAccess,
  type SessionVisibility,
} from "./access.ts";
export { AudioCutter, cutFrameMs } from "./audio-cutter.ts";
export {
  type AudioBounds,
  type AudioFrame,
  audioBytesPerMs,
  audioSampleRate,
  decodeAudioFrame,
  encodeAudioFrame,
  sessionTrack,
  stampAudioFrame,
} from "./audio-frame.ts";
export { canonicalJson } from "./canonical-json.ts";
export {
  type ActiveAnswer,
  type AnswerOutcome,
  type ChatHistory,
  type ChatReplay,
  type ChatRequest,
  type ChatState,
  endsAnswer,
} from "./chat.ts";
export { type CloseCode, closeCodes, isTerminalClose } from "./close-code.ts";
export {
  type Command,
  type CommandOp,
  commandSchema,
  type GateAnswer,
  type Outcome,
  type PolicyRequest,
  parseCommand,
  parseWith,
} from "./command.ts";
export type {
  CallArguments,
  Callable,
  CallsOf,
  CarriesEvents,
  EventMap,
  EventsOf,
  SessionContract,
  StateOf,
} from "./contract.ts";
export type { Draft } from "./draft.ts";
export {
  type ErrorCode,
  type ErrorDetails,
  errorStatus,
  isErrorCode,
  SessileError,
  unreachable,
  type WireError,
} from "./error.ts";
export {
  type Actor,
  type Commit,
  eventsOf,
  lastSeqOf,
  type PackedEvent,
  type SessionEvent,
} from "./event.ts";
export { eventIdOf, sessionKeyOf } from "./event-id.ts";
export { type ExportManifest, type ExportTrailer, ExportWriter } from "./export-file.ts";
export { ExportFault, ExportReader } from "./export-reader.ts";
export {
  type ChildReport,
  isSessionActor,
  type ParentLink,
  rootOf,
  type SentReport,
  type SessionAddress,
  sessionActor,
} from "./family.ts";
export {
  type Ack,
  type BehindFrame,
  type ClientFrame,
  type CommitFrame,
  clientFrameSchema,
  type DraftFrame,
  type ErrorFrame,
  type EventsFrame,
  type HelloFrame,
  type Peer,
  type PresenceFrame,
  type QuotaFrame,
  type RequestAck,
  type ServerFrame,
  type SignalFrame,
  type WelcomeFrame,
} from "./frame.ts";
export {
  type AppliedPolicy,
  allowingOption,
  approvedArguments,
  type ExpiryReason,
  type Gate,
  type GateCall,
  type GateEnd,
  type GateEscalation,
  type GateKind,
  type GateOrigin,
  type GateOutcome,
  type GateQuestion,
  type GateRecord,
  gateCall,
  gateClosed,
  gateEnd,
  gateKinds,
  hashOf,
  isAllowed,
  type PolicyScope,
  policyScopes,
} from "./gate.ts";
export {
  type CallPattern,
  type GatePolicy,
  matchesCall,
  maxPatternChars,
  maxToolChars,
  type SharedPolicy,
} from "./gate-policy.ts";
export {
  assertClientEventId,
  assertSessionAddress,
  assertUserEventType,
  formatProducerPosition,
  type ProducerPosition,
  parseProducerPosition,
  reservedRoutes,
} from "./ids.ts";
export {
  assertJson,
  type DeepReadonly,
  deepFreeze,
  type Json,
  type JsonInput,
  type JsonLimits,
  type JsonShape,
  parseJson,
} from "./json.ts";
export { isLifecycle, type Lifecycle, lifecycles, mayBecome } from "./lifecycle.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { type ChainHead, chainStart, extendChain } from "./log-chain.ts";
export { operatorId } from "./operator.ts";
export { type PartInfo, type PartPlace, type PartReference, partChunkBytes, partReference } from "./part.ts";
export type { PartPiece } from "./part-line.ts";
export {
  defaultTiers,
  isQuotaStatus,
  type QuotaStatus,
  type QuotaTier,
  type QuotaTiers,
  quotaDayOf,
  quotaResetOf,
  quotaStatusOf,
} from "./quota.ts";
export { readExport } from "./read-export.ts";
export {
  canonicalEvent,
  packCommits,
  type RecordedEvent,
  recordedEventsOf,
  storableText,
} from "./recorded-event.ts";
export {
  actorHeader,
  type SessionCaller,
  type SessionReplies,
  type SessionReply,
  type SessionRequest,
  type WireOutcome,
} from "./request.ts";
export {
  type ActiveRun,
  type AgentState,
  isSuspending,
  type PendingRunCall,
  type RunChild,
  type RunInfo,
  type RunMeta,
  type RunOutcome,
  type RunRequest,
  type RunResult,
  type RunResumability,
  type RunStep,
  type RunStop,
  type RunSuspension,
  type RunUsage,
  resumabilityOf,
  runContentType,
  runInfoOf,
  runOutcomes,
  runSuspensions,
  type SuspendedRun,
  suspendingChunk,
} from "./run.ts";
export { safeParse } from "./safe-parse.ts";
export { type Sha256, sha256Hex } from "./sha256.ts";
export { commitOfShort, type ShortFrame, shortFrameOf } from "./short-frame.ts";
export type { Snapshot } from "./snapshot.ts";
export {
  applyPatch,
  diffState,
  StateMismatch,
  type StateOp,
  type StatePatch,
  type StatePath,
  stateSum,
} from "./state-patch.ts";
export {
  isJsonType,
  isOpen,
  type StreamAnswer,
  type StreamFrame,
  type StreamInfo,
  type StreamPage,
  type StreamProducer,
  type StreamSegment,
  type StreamStatus,
} from "./stream.ts";
export { ChunkDecoder, chunkBytes, encodeChunk, type StreamChunk } from "./stream-chunk.ts";
export type {
  AppendOptions,
  ReaderOptions,
  StreamManager,
  StreamReader,
  StreamWriter,
  WriterOptions,
} from "./stream-manager.ts";
export { pingText, pongText, protocolVersion, subprotocol } from "./subprotocol.ts";
export {
  extractiveModel,
  type ModelUsage,
  type Summarizer,
  type SummarizerAnswer,
  SummarizerFailure,
  type Summary,
  type SummaryContent,
  type SummaryEntry,
  type SummaryInput,
  type SummaryReason,
  type SummaryStyle,
  summaryBounds,
  summaryStyles,
} from "./summary.ts";
export type { SyncStatus } from "./sync-status.ts";
export type { StateChange, SystemEventPayloads, SystemEventType } from "./system-event.ts";
export { type TokenAnswer, type TokenBucket, type TokenRate, takeTokens } from "./token-bucket.ts";
export {
  type UsageEntry,
  type UsageKind,
  type UsageReport,
  type UsageRollup,
  type UsageSum,
  usageKinds,
} from "./usage.ts";
export { emptyView, foldCommit, foldEvent, openStream, type SessionView, settleView } from "./view.ts";
export type {
  HeardUtterance,
  Synthesizer,
  Transcriber,
  Transcript,
  Transcription,
  TranscriptionListener,
  VoiceFrame,
  VoiceNotice,
  VoiceParticipant,
  VoiceService,
} from "./voice.ts";
