import type { WireError } from "./error.ts";
import type { Json } from "./json.ts";
import type { StreamPost } from "./stream-request.ts";
import type { StreamStanding } from "./stream-subscription.ts";

/** How long a stream lives: a window that every read and write opens anew, a fixed end (milliseconds since 1970), or for ever. */
export type Lifetime = { readonly ttlSeconds: number } | { readonly expiresAt: number };

/** A stream that begins as another's first chunks, without copying them. */
export interface ForkOrigin {
  /** Name of the other stream. */
  readonly source: string;
  /** How many of its chunks are shared; absent: all there are. */
  readonly offset?: number;
  /** How much further: messages of a JSON stream, bytes of any other. */
  readonly subOffset: number;
}

/** What a stream lends to one that is forked from it. */
export interface StreamLoan {
  readonly contentType: string;
  readonly lifetime: Lifetime | null;
  /** How many chunks are shared. */
  readonly at: number;
  /** The beginning of the next one, which the fork keeps itself; null if the fork begins between chunks. */
  readonly prefix: Json;
}

/** A stream as its metadata tell it. */
export interface StreamHead {
  readonly contentType: string;
  /** Where it can be followed from: what a fork shares lies before, and is read only. */
  readonly start: number;
  readonly tail: number;
  readonly closed: boolean;
  /** Why it was closed, if it failed. */
  readonly error: WireError | null;
  readonly lifetime: Lifetime | null;
  /** Changes when the stream is made anew under the same name. */
  readonly identity: string;
}

export interface Appended {
  readonly tail: number;
  readonly closed: boolean;
  readonly repeated: boolean;
  /** The producer's highest request that was accepted. */
  readonly mark: { readonly epoch: number; readonly seq: number } | null;
}

/** Chunks from `at` on; `to` is where the next read begins. */
export interface ReadPage {
  readonly head: StreamHead;
  readonly at: number;
  readonly to: number;
  readonly chunks: readonly Json[];
}

/** What the worker asks of a standalone stream's object. */
export type DurableStreamRequest =
  | {
      readonly do: "create";
      /** Absent: that of the stream it is forked from, else `application/octet-stream`. */
      readonly contentType?: string;
      readonly lifetime: Lifetime | null;
      readonly closed: boolean;
      readonly chunks: readonly Json[];
      readonly fork: ForkOrigin | null;
      /** What the fork's source has lent; asked for by the answer `"loan"`. */
      readonly loan?: StreamLoan;
    }
  | ({ readonly do: "append" } & StreamPost)
  | { readonly do: "head" }
  /** `lent`: for a fork, which reads on although the stream was deleted. */
  | { readonly do: "read"; readonly from: number | "tail"; readonly lent?: true }
  | { readonly do: "delete" }
  /** Lends the first chunks to the stream `to`, until that returns them. */
  | { readonly do: "lend"; readonly to: string; readonly offset?: number; readonly subOffset: number }
  | { readonly do: "returned"; readonly by: string }
  /** Looks after a loan that may have come to nothing. */
  | { readonly do: "verifyLoan"; readonly to: string }
  /** Whether this stream shares chunks of `source`. */
  | { readonly do: "borrows"; readonly source: string }
  /** A subscription wants to hear of its appends from now on. */
  | { readonly do: "subscribe" };

export interface DurableStreamReplies {
  readonly create: "loan" | { readonly created: boolean; readonly head: StreamHead };
  readonly append: Appended;
  readonly head: StreamHead;
  /** `before`: what lies ahead of this stream's own first chunk is in `source`, up to `until`. */
  readonly read:
    | ReadPage
    | { readonly head: StreamHead; readonly before: { readonly source: string; readonly until: number } };
  readonly delete: null;
  readonly lend: StreamLoan;
  readonly returned: null;
  readonly verifyLoan: null;
  readonly borrows: boolean;
  readonly subscribe: StreamStanding | null;
}

/** What a stream was opened with, kept in its `meta`. */
export type StreamOrigin = {
  readonly lifetime: Lifetime | null;
  readonly fork: ForkOrigin | null;
};

/** Types are the same whatever their letter case and parameters. */
export function isSameContentType(one: string, other: string): boolean {
  return essence(one) === essence(other);
}

function essence(contentType: string): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Asks one stream something. Rejects with `SessileError`. */
export type AskDurableStream = <Request extends DurableStreamRequest>(
  name: string,
  request: Request,
) => Promise<DurableStreamReplies[Request["do"]]>;
