import { decodeBase64, encodeBase64 } from "./base64.ts";
import { SessileError } from "./error.ts";
import { assertJson, type Json } from "./json.ts";
import { isJsonType, isTextType } from "./stream.ts";

/* Both ends have these; neither is part of ES2024. */
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is appended and read: JSON messages of a JSON stream, texts of a text stream, bytes of any other. */
export type StreamChunk = Json | Uint8Array;

/** A chunk as the log holds it. Bytes that are UTF-8 are kept as text, which is a quarter shorter than base64 and readable. */
export function encodeChunk(contentType: string, chunk: StreamChunk): Json {
  if (isJsonType(contentType)) {
    assertJson(chunk, "chunk");
    return chunk;
  }
  if (typeof chunk === "string") return chunk;
  if (!(chunk instanceof Uint8Array))
    throw new SessileError("bad_request", `A chunk of a stream of type ${contentType} is text or bytes.`, {
      field: "chunk",
    });
  try {
    return strictUtf8.decode(chunk);
  } catch {
    return { base64: encodeBase64(chunk) };
  }
}

/** The bytes of a chunk of a stream that is not JSON. */
export function chunkBytes(chunk: Json): Uint8Array {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  return decodeBase64((chunk as { readonly base64: string }).base64) ?? new Uint8Array();
}

/** Reads chunks back, in order. A letter whose bytes came in two chunks comes whole, with the second. */
export class ChunkDecoder {
  readonly #mode: "json" | "text" | "bytes";
  #utf8: TextDecoder | null = null;

  constructor(contentType: string) {
    this.#mode = isJsonType(contentType) ? "json" : isTextType(contentType) ? "text" : "bytes";
  }

  decode(chunk: Json): StreamChunk {
    if (this.#mode === "json") return chunk;
    if (this.#mode === "bytes") return chunkBytes(chunk);
    if (typeof chunk === "string" && !this.#utf8) return chunk;
    this.#utf8 ??= new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
    return this.#utf8.decode(chunkBytes(chunk), { stream: true });
  }
}
