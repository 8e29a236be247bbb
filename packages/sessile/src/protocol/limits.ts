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
  /** Bytes of one SQLite row; longer values are continued in further rows (the platform's own limit is 2 MB). */
  readonly maxRowBytes: number;
}

export const defaultLimits: Limits = {
  maxFrameChars: 4 * 1024 * 1024,
  maxDepth: 64,
  maxPayloadChars: 1024 * 1024,
  maxStateChars: 16 * 1024 * 1024,
  maxCommandsPerFrame: 512,
  maxMailbox: 16_384,
  maxCommitCommands: 512,
  maxCommitChars: 1024 * 1024,
  maxSignalChars: 64 * 1024,
  maxPageBytes: 256 * 1024,
  maxPageEvents: 1000,
  maxPeerBufferedBytes: 8 * 1024 * 1024,
  maxRowBytes: 1_900_000,
};
