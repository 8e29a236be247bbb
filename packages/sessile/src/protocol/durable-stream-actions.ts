import {
  type Appended,
  type DurableStreamRequest,
  isSameContentType,
  type StreamHead,
  type StreamOrigin,
} from "./durable-stream.ts";
import { SessileError } from "./error.ts";
import { isOpen, type StreamAnswer, type StreamInfo, type StreamProducer } from "./stream.ts";
import type { StreamAction, StreamPost } from "./stream-request.ts";

export function originOf({ meta }: StreamInfo): StreamOrigin {
  const { lifetime = null, fork = null } = (meta ?? {}) as Partial<StreamOrigin>;
  return { lifetime, fork };
}

export function headOf(stream: StreamInfo): StreamHead {
  const { contentType, start, tail, openedSeq, generation, error } = stream;
  return {
    contentType,
    start,
    tail,
    closed: !isOpen(stream),
    error,
    lifetime: originOf(stream).lifetime,
    identity: `${openedSeq}.${generation}`,
  };
}

/**
 * What an append of the protocol asks of the stream. Whether the stream is closed counts before what the data is, and that before
 * the numbers of its producer, so only an open stream's type is looked at here.
 *
 * @throws SessileError `conflict` for data of another type
 */
export function appendActionOf(
  stream: StreamInfo,
  { data, close, producer, order }: StreamPost,
): StreamAction & { readonly do: "append" | "close" } {
  if (data && isOpen(stream) && !isSameContentType(data.contentType, stream.contentType))
    throw new SessileError("conflict", `This stream's type is ${stream.contentType}.`, {
      field: "content-type",
      current: stream.contentType,
    });
  const by = producer === undefined ? {} : { producer };
  const appended = { chunks: data?.chunks ?? [], ...(order === undefined ? {} : { order }) };
  return close
    ? { do: "close", end: { output: null }, ...by, ...(data ? { append: appended } : {}) }
    : { do: "append", ...appended, ...by, alone: true };
}

/** @param after the stream as it is now */
export function appendedOf(
  after: StreamInfo,
  { tail, repeated }: StreamAnswer,
  producer: StreamProducer | undefined,
): Appended {
  const mark = producer ? (after.producers[producer.id] ?? null) : null;
  return { tail, closed: !isOpen(after), repeated, mark };
}

/** @throws SessileError `conflict` unless the request would have made this very stream */
export function assertMadeSo(
  stream: StreamInfo,
  request: DurableStreamRequest & { readonly do: "create" },
): void {
  const { lifetime, fork } = originOf(stream);
  const contentType = request.contentType ?? (request.fork ? stream.contentType : defaultStreamType);
  const asked = request.lifetime ?? (request.fork ? lifetime : null);
  const differing = !isSameContentType(contentType, stream.contentType)
    ? "content-type"
    : JSON.stringify(asked) !== JSON.stringify(lifetime)
      ? "stream-ttl"
      : request.closed === isOpen(stream)
        ? "stream-closed"
        : JSON.stringify(request.fork) !== JSON.stringify(fork)
          ? "stream-forked-from"
          : null;
  if (differing === null) return;
  throw new SessileError("conflict", `A stream of this name exists, with another ${differing}.`, {
    field: differing,
  });
}

export const defaultStreamType = "application/octet-stream";
