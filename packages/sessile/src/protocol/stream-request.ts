import type { Appended } from "./durable-stream.ts";
import type { WireError } from "./error.ts";
import type { Json } from "./json.ts";
import type { StreamAnswer, StreamInfo, StreamPage, StreamProducer } from "./stream.ts";
import type { AppendOptions, WriterOptions } from "./stream-manager.ts";

/** Chunks of one append, encoded as `StreamSegment` holds them. */
export interface ChunksToAppend extends AppendOptions {
  readonly chunks: readonly Json[];
}

/** What may be asked of one stream of a session, from outside the object. */
export type StreamAction =
  | { readonly do: "info" }
  /** Chunks from an offset on, as far as one page goes. */
  | { readonly do: "read"; readonly offset: number }
  /** Of a new stream also its first chunks, and whether it is closed with them: all or nothing. */
  | ({ readonly do: "open"; readonly chunks?: readonly Json[]; readonly closed?: boolean } & WriterOptions)
  /** `alone`: stored at once, rather than with what comes within the next moment. */
  | ({ readonly do: "append"; readonly alone?: true } & ChunksToAppend)
  /** An append as the Durable Streams protocol has it, its type checked and its close included. */
  | ({ readonly do: "post" } & StreamPost)
  /** Closes the stream, after appending what comes with it: both or neither. */
  | {
      readonly do: "close";
      readonly append?: ChunksToAppend;
      readonly end: { readonly output: Json } | { readonly error: WireError };
      readonly producer?: StreamProducer;
    }
  /** What was appended is stored now, and waits for nothing that may still come. Answered when it is. */
  | { readonly do: "drain" }
  | { readonly do: "pause" }
  | { readonly do: "resume" }
  | { readonly do: "cleanup"; readonly step: number }
  | { readonly do: "reset" }
  | { readonly do: "delete" }
  /** Somebody wants no more of it: it fails, and whoever writes it is refused. */
  | { readonly do: "cancel" };

export interface StreamPost {
  /** Null for a request that only closes. */
  readonly data: { readonly contentType: string; readonly chunks: readonly Json[] } | null;
  readonly close: boolean;
  readonly producer?: StreamProducer;
  readonly order?: string;
}

export interface StreamReplies {
  readonly info: { readonly info: StreamInfo | null };
  /** Without a stream `info` is null and there are no pages. */
  readonly read: {
    readonly info: StreamInfo | null;
    readonly pages: readonly StreamPage[];
    /** Where the next page begins. */
    readonly next: number;
    readonly more: boolean;
  };
  readonly open: { readonly info: StreamInfo; readonly isNew: boolean };
  readonly append: StreamAnswer;
  readonly post: Appended;
  readonly close: StreamAnswer;
  readonly drain: Record<string, never>;
  readonly pause: Record<string, never>;
  readonly resume: Record<string, never>;
  readonly cleanup: { readonly withdrawn: number };
  readonly reset: Record<string, never>;
  readonly delete: { readonly existed: boolean };
  readonly cancel: { readonly cancelled: boolean };
}

export type StreamReply = StreamReplies[keyof StreamReplies];

export function readsOnly(action: StreamAction): boolean {
  return action.do === "info" || action.do === "read";
}

/** Header by which the worker tells the object which stream a socket is to read; stripped from outside requests. */
export const streamHeader = "x-sessile-stream";

/** Header of a relay's own socket: the object serves it however many readers it has. Stripped like the other. */
export const relayHeader = "x-sessile-relay";
