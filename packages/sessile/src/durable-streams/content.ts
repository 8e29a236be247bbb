import { SessileError } from "../protocol/error.ts";
import { type Json, parseJson } from "../protocol/json.ts";
import { isJsonType, isTextType } from "../protocol/stream.ts";
import { chunkBytes, encodeChunk } from "../protocol/stream-chunk.ts";

const encoder = new TextEncoder();

/** Whether server-sent events carry the chunks as they are; everything else goes in base64. */
export function isTextual(contentType: string): boolean {
  return isJsonType(contentType) || isTextType(contentType);
}

/**
 * One body as the chunks of a stream: of JSON each value, an array being several; of anything else the body as it is, in pieces
 * of at most `maxChunkBytes`.
 *
 * @throws SessileError `bad_request`
 */
export function chunksOf(body: Uint8Array, contentType: string, limits: ContentLimits): readonly Json[] {
  if (!isJsonType(contentType))
    return pieces(body, limits.maxChunkBytes).map((piece) => encodeChunk(contentType, piece));
  const text = encodeChunk("text/plain", body);
  if (typeof text !== "string")
    throw new SessileError("bad_request", "The body is not UTF-8.", { field: "body" });
  const value = parseJson(text, { maxChars: limits.maxBodyBytes, maxDepth: limits.maxDepth }, "body");
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

export interface ContentLimits {
  readonly maxBodyBytes: number;
  readonly maxChunkBytes: number;
  readonly maxDepth: number;
}

/** A page as the body of a read. */
export function bodyOf(chunks: readonly Json[], contentType: string): Uint8Array {
  if (isJsonType(contentType)) return encoder.encode(JSON.stringify(chunks));
  if (chunks.every((chunk) => typeof chunk === "string")) return encoder.encode(chunks.join(""));
  return concatenated(chunks.map(chunkBytes));
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = parts;
  if (only && more.length === 0) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function pieces(body: Uint8Array, size: number): readonly Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) cut.push(body.subarray(at, at + size));
  return cut;
}
