export { StreamObject, type StreamRelays, standaloneStreamId } from "../object/streams/stream-object.ts";
export { StreamObjects } from "../object/streams/stream-objects.ts";
export { StreamRelay } from "../object/streams/stream-relay.ts";
export { StreamSubscriptions } from "../object/subscriptions/stream-subscriptions.ts";
export type { StreamAnswer, StreamInfo, StreamProducer, StreamStatus } from "../protocol/stream.ts";
export type { StreamChunk } from "../protocol/stream-chunk.ts";
export type {
  AppendOptions,
  ReaderOptions,
  StreamManager,
  StreamReader,
  StreamWriter,
  WriterOptions,
} from "../protocol/stream-manager.ts";
