export { type ContentLimits, chunksOf } from "./content.ts";
export { answerStreamRequest, type DurableStreamsOptions, servedMethods } from "./durable-streams.ts";
export { formatOffset, parseOffset } from "./offset.ts";
export { defaultReadSettings, type ReadSettings } from "./read-routes.ts";
export { readSocket } from "./socket-reader.ts";
export type { AppendToStream, CreateStream, LiveReader, LiveUpdate, StreamPort } from "./stream-port.ts";
