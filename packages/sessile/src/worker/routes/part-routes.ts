import { type Context, Hono } from "hono";
import { SessileError } from "../../protocol/error.ts";
import {
  assertMediaType,
  assertPartHash,
  type PartInfo,
  partChunkBytes,
  partReference,
} from "../../protocol/part.ts";
import type { SessionVariables } from "./session-routes.ts";

type Types = { Variables: SessionVariables };

/** Images, output of tools, and whatever else is too large for an event. */
export function partRoutes(): Hono<Types> {
  const routes = new Hono<Types>();

  routes.put("/parts/:hash", async (context) => {
    await context.var.require("write");
    const hash = context.req.param("hash");
    assertPartHash(hash);
    const { target, actor } = context.var;
    const { part } = await target.ask({ op: "partKnown", hash }, actor);
    // What is there by this name cannot be other bytes, so none need be sent.
    if (part && part.seq !== null) return stored(context, part.hash, part.bytes, false);
    return upload(context, hash);
  });

  routes.post("/parts", async (context) => {
    await context.var.require("write");
    return upload(context, null);
  });

  routes.get("/parts/:hash", async (context) => {
    await context.var.require("read");
    const hash = context.req.param("hash");
    assertPartHash(hash);
    const { target, actor } = context.var;
    const { part } = await target.ask({ op: "part", hash }, actor);
    const etag = `"${hash}"`;
    const headers = headersOf(part, etag);
    const isKnown = (context.req.header("if-none-match") ?? "").split(/,\s*/).includes(etag);
    if (isKnown) return new Response(null, { status: 304, headers });
    const ifRange = context.req.header("if-range");
    const asked = ifRange === undefined || ifRange === etag ? context.req.header("range") : undefined;
    const range = rangeOf(asked, part.bytes);
    if (range === "unsatisfiable")
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${part.bytes}` } });
    const { from, to } = range ?? { from: 0, to: part.bytes };
    headers["content-length"] = String(to - from);
    if (range) headers["content-range"] = `bytes ${from}-${to - 1}/${part.bytes}`;
    const body =
      context.req.method === "HEAD"
        ? null
        : dataOf(
            part,
            from,
            to,
            async (chunk) => (await target.ask({ op: "partData", hash, chunk }, actor)).data,
          );
    return new Response(body, { status: range ? 206 : 200, headers });
  });

  return routes;
}

/** What somebody uploaded is never a page of this site: it is saved, or shown where another page embeds it. */
function headersOf({ mediaType }: PartInfo, etag: string): Record<string, string> {
  return {
    etag,
    "content-type": mediaType,
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=31536000, immutable",
  };
}

interface ByteRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** One range (RFC 9110, section 14); null for none, and for forms that may be ignored. */
function rangeOf(header: string | undefined, bytes: number): ByteRange | "unsatisfiable" | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return null;
  if (first === "")
    return last === "0" || Number(last) === 0
      ? "unsatisfiable"
      : { from: Math.max(0, bytes - Number(last)), to: bytes };
  const from = Number(first);
  if (last !== "" && Number(last) < from) return null;
  if (from >= bytes) return "unsatisfiable";
  return { from, to: last === "" ? bytes : Math.min(bytes, Number(last) + 1) };
}

/** Pieces are read as fast as the reader takes them. */
function dataOf(
  part: PartInfo,
  from: number,
  to: number,
  read: (chunk: number) => Promise<ArrayBuffer>,
): ReadableStream<Uint8Array> {
  let at = from;
  const data = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = Math.floor(at / partChunkBytes);
        const begin = chunk * partChunkBytes;
        const piece = new Uint8Array(await read(chunk)).subarray(at - begin, to - begin);
        if (piece.length === 0) throw new Error(`Part ${part.hash} has no byte ${at}.`);
        at += piece.length;
        controller.enqueue(piece);
        if (at >= to) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
  // Says its length, so that a reader knows when it was cut off.
  return data.pipeThrough(new FixedLengthStream(to - from));
}

async function upload(context: Context<Types>, expected: string | null): Promise<Response> {
  const { target, actor } = context.var;
  const mediaType = context.req.header("content-type") ?? "application/octet-stream";
  assertMediaType(mediaType, "Content-Type");
  const uploadId = crypto.randomUUID();
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  let bytes = 0;
  let chunk = 0;
  for await (const data of chunksOf(context.req.raw.body)) {
    await writer.write(data);
    await target.ask({ op: "partChunk", uploadId, chunk, data }, actor);
    bytes += data.byteLength;
    chunk += 1;
  }
  if (bytes === 0)
    throw new SessileError("bad_request", "A part holds at least one byte.", { field: "body" });
  await writer.close();
  const hash = hexOf(await digest.digest);
  if (expected !== null && expected !== hash)
    throw new SessileError("bad_request", `The body's SHA-256 is ${hash}, not the one in the address.`, {
      field: "hash",
    });
  const { isNew } = await target.ask({ op: "partEnd", uploadId, hash, bytes, mediaType }, actor);
  return stored(context, hash, bytes, isNew, mediaType);
}

function stored(
  context: Context<Types>,
  hash: string,
  bytes: number,
  isNew: boolean,
  mediaType = context.req.header("content-type") ?? "application/octet-stream",
): Response {
  assertMediaType(mediaType, "Content-Type");
  return Response.json(partReference(hash, { mediaType, bytes }), { status: isNew ? 201 : 200 });
}

/** The body in pieces of the one length, whatever it comes in, so that memory holds one of them. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<ArrayBuffer> {
  if (!body) return;
  let piece = new Uint8Array(partChunkBytes);
  let length = 0;
  for await (const data of body) {
    for (let from = 0; from < data.length; ) {
      const taken = data.subarray(from, from + partChunkBytes - length);
      piece.set(taken, length);
      length += taken.length;
      from += taken.length;
      if (length < partChunkBytes) continue;
      yield piece.buffer;
      piece = new Uint8Array(partChunkBytes);
      length = 0;
    }
  }
  if (length > 0) yield piece.slice(0, length).buffer;
}

function hexOf(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
