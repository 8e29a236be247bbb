import type { CallArguments } from "../protocol/contract.ts";
import type { Json } from "../protocol/json.ts";

/** Where a streaming method sends what it has; whoever called gets it bit by bit. Each answers whether it was still wanted. */
export interface StreamingResponse {
  /** The stream was ended, or whoever called is gone. */
  readonly isClosed: boolean;
  send(chunk: Json): boolean;
  end(finalChunk?: Json): boolean;
  error(message: string): boolean;
}

type StreamingMethod<Args extends CallArguments> = (stream: StreamingResponse, ...args: Args) => unknown;

const marked = new WeakSet<object>();

/**
 * Marks a method that Agents SDK clients may call and be answered by bit by bit. It runs as an `async` method does, beside the
 * commits; what it returns ends the stream unless it has ended it itself:
 *
 *     readonly count = streamingCallable(async (stream, to: number) => {
 *       for (let n = 1; n <= to; n++) stream.send(n);
 *     });
 *
 * Nothing of it is kept: a reply that must outlive its connection is a stream of the session (`this.streams`).
 */
export function streamingCallable<Args extends CallArguments>(
  method: StreamingMethod<Args>,
): StreamingMethod<Args> {
  marked.add(method);
  return method;
}

export type FoundStreamingMethod = (stream: StreamingResponse, ...args: readonly Json[]) => unknown;

/** Looks among the instance's own fields only, as `findCallable` does. */
export function findStreamingCallable(session: object, name: string): FoundStreamingMethod | null {
  if (!Object.hasOwn(session, name)) return null;
  const method: unknown = (session as { readonly [name: string]: unknown })[name];
  return typeof method === "function" && marked.has(method) ? (method as FoundStreamingMethod) : null;
}
