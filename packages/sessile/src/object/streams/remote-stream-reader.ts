import type { StreamFrame, StreamInfo } from "../../protocol/stream.ts";
import type { ReaderOptions, StreamReader } from "../../protocol/stream-manager.ts";
import { differs, PagedReader, type StreamSource } from "./stream-reader.ts";

const retryMs = 1000;

/** A stream that lies in another object. */
export interface RemoteStream {
  readonly read: StreamSource["read"];
  /** The stream's own socket from an offset on, not yet accepted. */
  readonly open: (offset: number) => Promise<WebSocket>;
}

/** Reads a stream page by page, and is told over its socket that there is more. @returns null if there is no stream */
export function readRemoteStream(
  streamId: string,
  info: StreamInfo | null,
  stream: RemoteStream,
  options: ReaderOptions,
): StreamReader | null {
  if (!info) return null;
  const source = { read: stream.read, changed: (known: StreamInfo) => changed(stream, known) };
  return new PagedReader({ ...info, streamId }, source, options);
}

/** The object tells over a hibernating socket, and may sleep meanwhile; first of all it says how the stream stands. */
function changed(
  stream: RemoteStream,
  known: StreamInfo,
): { readonly happened: Promise<void>; readonly stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let socket: WebSocket | null = null;
  let isStopped = false;
  const wait = async () => {
    const opened = await stream.open(known.tail);
    opened.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as StreamFrame;
      if (frame.t !== "stream" || differs(known, frame.info)) resolve();
    });
    opened.addEventListener("close", () => resolve());
    opened.accept();
    socket = opened;
    if (isStopped) opened.close(1000);
  };
  // An object that cannot be reached, or has as many readers as it takes, is asked again, and not in a loop.
  wait().catch(() => scheduler.wait(retryMs).then(resolve));
  const stop = () => {
    isStopped = true;
    socket?.close(1000);
    resolve();
  };
  return { happened: promise, stop };
}
