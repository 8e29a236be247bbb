import type { TokenRate } from "./token-bucket.ts";

/** Every bound a client can meet, in one place; `Session.limits` overrides any of them. Crossing one is a typed error that names it. */
export interface Limits {
  /** Characters of one WebSocket frame or HTTP body. */
  readonly maxFrameChars: number;
  /** Nesting of any JSON value. */
  readonly maxDepth: number;
  /** Characters of one event's payload as JSON. */
  readonly maxPayloadChars: number;
  /** Characters of the state as JSON. */
  readonly maxStateChars: number;
  /** Commands in one frame or request. */
  readonly maxCommandsPerFrame: number;
  /** Commands waiting in the mailbox before `overloaded` is answered. */
  readonly maxMailbox: number;
  /** Commands taken into one commit. */
  readonly maxCommitCommands: number;
  /** Characters of commands taken into one commit. */
  readonly maxCommitChars: number;
  /** Characters of a signal's frame, which goes to every other peer. */
  readonly maxSignalChars: number;
  /** Bytes of one page of catch-up. */
  readonly maxPageBytes: number;
  /** Events of one HTTP page. */
  readonly maxPageEvents: number;
  /** Bytes that may wait in a peer's socket before it is dropped to catch-up. */
  readonly maxPeerBufferedBytes: number;
  /** Sockets of one session. */
  readonly maxPeers: number;
  /** Commands of one peer or request that may wait behind one whose quota is being asked. */
  readonly maxWaitingPerPeer: number;
  /** Commands one peer may send in the long run, and at once; and as many other frames. */
  readonly commandRate: TokenRate;
  /** Signals one peer may send; what comes faster is dropped. */
  readonly signalRate: TokenRate;
  /** Characters of one chunk of a stream, and of a segment of several. */
  readonly maxChunkChars: number;
  /** Milliseconds that a chunk waits at most for others to share its segment; 0 does not wait. */
  readonly maxSegmentDelayMs: number;
  /** Characters of chunks that wait no longer for others. */
  readonly maxSegmentChars: number;
  /** Streams of a session that are open at a time. */
  readonly maxOpenStreams: number;
  /** Producers that number their requests to one stream. */
  readonly maxStreamProducers: number;
  /** Stream readers that one object serves itself; further ones are served by relays. */
  readonly maxStreamReaders: number;
  /** Bytes that may wait in the sockets of all stream readers together; whoever is over its share is dropped to catch-up. */
  readonly maxStreamBufferedBytes: number;
  /** Milliseconds of audio in one frame, at least. */
  readonly minAudioFrameMs: number;
  /** Milliseconds of audio in one frame, at most. */
  readonly maxAudioFrameMs: number;
  /** Bytes of audio one participant may send in the long run, and at once; what comes faster is dropped. */
  readonly audioRate: TokenRate;
  /** Bytes that may wait in a participant's socket before audio for it is dropped. */
  readonly maxAudioBufferedBytes: number;
  /** Participants of one session's call. */
  readonly maxVoiceParticipants: number;
  /** Bytes of one SQLite row; longer values are continued in further rows (the platform's own limit is 2 MB). */
  readonly maxRowBytes: number;
  /** Gates of a session that wait at a time. */
  readonly maxOpenGates: number;
  /** "Always allow" policies of a session. */
  readonly maxGatePolicies: number;
  /** Characters of what an answer to a gate brings as JSON: changed arguments, answers, the result of a client's call. */
  readonly maxGateResultChars: number;
  /** Bytes of one part: an image, the output of a tool. */
  readonly maxPartBytes: number;
  /** Bytes of parts that no event refers to yet, uploads under way included. */
  readonly maxWaitingPartBytes: number;
}

/** These two a client keeps to by itself. They stand apart, so that a page does not load the others. */
export const maxFrameChars = 4 * 1024 * 1024;
export const maxCommandsPerFrame = 512;

export const defaultLimits: Limits = {
  maxFrameChars,
  maxDepth: 64,
  maxPayloadChars: 1024 * 1024,
  maxStateChars: 16 * 1024 * 1024,
  maxCommandsPerFrame,
  maxMailbox: 16_384,
  maxCommitCommands: 512,
  maxCommitChars: 1024 * 1024,
  maxSignalChars: 64 * 1024,
  maxPageBytes: 256 * 1024,
  maxPageEvents: 1000,
  maxPeerBufferedBytes: 8 * 1024 * 1024,
  maxPeers: 10_000,
  maxWaitingPerPeer: 1024,
  // Above what one connection can bring through a session's one thread: a bound for those who lower it, and no brake on a bulk load.
  commandRate: { perSecond: 500_000, burst: 1_000_000 },
  signalRate: { perSecond: 20, burst: 40 },
  maxChunkChars: 16 * 1024 * 1024,
  // Long enough for several tokens, short enough for the eye.
  maxSegmentDelayMs: 100,
  maxSegmentChars: 64 * 1024,
  maxOpenStreams: 1000,
  maxStreamProducers: 256,
  maxStreamReaders: 4096,
  maxStreamBufferedBytes: 64 * 1024 * 1024,
  minAudioFrameMs: 100,
  maxAudioFrameMs: 500,
  // Speech is 32,000 bytes a second; the rest is for what a network held up.
  audioRate: { perSecond: 48_000, burst: 160_000 },
  maxAudioBufferedBytes: 128 * 1024,
  maxVoiceParticipants: 64,
  maxOpenGates: 1000,
  maxGatePolicies: 100,
  maxGateResultChars: 1_000_000,
  maxRowBytes: 1_900_000,
  maxPartBytes: 25 * 1024 * 1024,
  maxWaitingPartBytes: 256 * 1024 * 1024,
};
