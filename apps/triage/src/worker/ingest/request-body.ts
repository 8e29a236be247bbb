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
  if (encoding === "identity") return bytesOf(request.body, "The upload was cut off.");
  if (encoding !== "gzip" && encoding !== "deflate")
    throw new SessileError("unsupported_media_type", "Content-Encoding is gzip, deflate or none.");
  const unpacked = request.body.pipeThrough(new DecompressionStream(encoding));
  return bytesOf(unpacked, `The body is not whole ${encoding}.`);
}

/** What goes wrong with reading is wrong with the upload, and no failure of ours; what came before it was taken in. */
async function* bytesOf(stream: ReadableStream<Uint8Array>, whatIsWrong: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (thrown) {
    throw new SessileError(
      "bad_request",
      `${whatIsWrong} Records that came whole before that were taken in; send the file again.`,
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
