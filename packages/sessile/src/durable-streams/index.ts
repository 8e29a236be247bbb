export { type ContentLimits, chunksOf, defaultContentType, isSameType } from "./content.ts";
export { answerStreamRequest, type DurableStreamsOptions, streamMethods } from "./durable-streams.ts";
export { formatOffset, parseOffset } from "./offset.ts";
export { defaultReadSettings, type ReadSettings } from "./read-routes.ts";
export type {
  Appended,
  AppendToStream,
  CreateStream,
  ForkOrigin,
  Lifetime,
  LiveReader,
  LiveUpdate,
  ReadPage,
  StreamHead,
  StreamPort,
} from "./stream-port.ts";
