import { SessileError } from "sessile";
import type { ByteSource } from "../../domain/index.ts";

/** Types that cannot be records. What curl and forms send by default is taken as bytes. */
const refusedTypes = /^(multipart|image|audio|video|font)\/|^text\/html|^application\/(pdf|zip|xml)/;

/**
 * The bytes of an upload, unpacked if they come with gzip.
 *
 * @throws SessileError `unsupported_media_type`, `bad_request` if there is no body
 */
export function alertBytes(request: Request): ByteSource {
  const type = (request.headers.get("content-type") ?? "").toLowerCase();
  if (refusedTypes.test(type)) {
    throw new SessileError(
      "unsupported_media_type",
      `Alerts are sent as JSON: NDJSON, one array, or records one after another. "${type.slice(0, 80)}" is none of these. Send the file itself as the body.`,
    );
  }
  if (!request.body) throw emptyBody();
  const encoding = (request.headers.get("content-encoding") ?? "identity").toLowerCase();
  if (encoding === "identity") return request.body;
  if (encoding !== "gzip" && encoding !== "deflate")
    throw new SessileError("unsupported_media_type", "Content-Encoding is gzip, deflate or none.");
  return unpacked(request.body, encoding);
}

/** Whatever is wrong with packed bytes is wrong with the upload, and what came before it was taken in. */
async function* unpacked(
  body: ReadableStream<Uint8Array>,
  encoding: "gzip" | "deflate",
): AsyncGenerator<Uint8Array> {
  const stream = body.pipeThrough(new DecompressionStream(encoding));
  try {
    yield* stream;
  } catch (thrown) {
    // The stream throws nothing else: what goes wrong with the records is thrown by who reads this.
    throw new SessileError(
      "bad_request",
      `The body is not whole ${encoding}. Records before the damage were taken in; send the file again.`,
      { field: "body" },
      { cause: thrown },
    );
  }
}

export function emptyBody(): SessileError {
  return new SessileError("bad_request", "The body holds no record. Send a file of alerts as the body.", {
    field: "body",
  });
}
