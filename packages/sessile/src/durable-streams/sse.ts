import { encodeBase64 } from "../protocol/base64.ts";
import type { WireError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { isJsonType } from "../protocol/stream.ts";
import { type ChunkDecoder, chunkBytes } from "../protocol/stream-chunk.ts";
import { concatenated, isTextual } from "./content.ts";
import { formatOffset } from "./offset.ts";

const encoder = new TextEncoder();

export interface ControlEvent {
  readonly to: number;
  readonly cursor: string;
  readonly upToDate: boolean;
  readonly closed: boolean;
  readonly error: WireError | null;
}

/**
 * One write of the live stream: what came, if anything did, and where the reader stands after it. That is each event's id as
 * well, so that an `EventSource` comes back with it, cut off between two events or not.
 *
 * @param decoder this reader's own, which has the beginning of a letter that was appended in two pieces
 */
export function liveText(
  chunks: readonly Json[],
  contentType: string,
  decoder: ChunkDecoder,
  control: ControlEvent,
): Uint8Array {
  const id = formatOffset(control.to);
  const text = chunks.length === 0 ? "" : dataText(chunks, contentType, decoder);
  const data = text === "" ? "" : eventText("data", id, text);
  return encoder.encode(data + eventText("control", id, controlText(control)));
}

function dataText(chunks: readonly Json[], contentType: string, decoder: ChunkDecoder): string {
  if (isJsonType(contentType)) return JSON.stringify(chunks);
  if (isTextual(contentType)) return chunks.map((chunk) => decoder.decode(chunk)).join("");
  return encodeBase64(concatenated(chunks.map(chunkBytes)));
}

function controlText({ to, cursor, upToDate, closed, error }: ControlEvent): string {
  return JSON.stringify({
    streamNextOffset: formatOffset(to),
    // A closed stream has nothing further to ask for.
    ...(closed ? {} : { streamCursor: cursor }),
    ...(upToDate ? { upToDate } : {}),
    ...(closed ? { streamClosed: true } : {}),
    ...(closed && error ? { streamError: error } : {}),
  });
}

/**
 * Any line break in the text would end the line, and two the event: each begins a line of its own. A reader takes one space
 * after the colon off, so only a line that begins with one gets another.
 */
function eventText(type: string, id: string, text: string): string {
  const lines = text
    .split(/\r\n|\r|\n/)
    .map((line) => (line.startsWith(" ") ? `data: ${line}\n` : `data:${line}\n`));
  return `event: ${type}\n${lines.join("")}id: ${id}\n\n`;
}
