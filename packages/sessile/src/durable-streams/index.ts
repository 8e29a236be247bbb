export { chunksOf } from "./content.ts";
export { answerStreamRequest, servedMethods } from "./durable-streams.ts";
export { formatOffset, parseOffset } from "./offset.ts";
export { PacedBody } from "./paced-body.ts";
export type { ReadSettings } from "./read-routes.ts";
export { readSocket } from "./socket-reader.ts";
export type { AppendToStream, CreateStream, LiveReader, StreamPort } from "./stream-port.ts";
