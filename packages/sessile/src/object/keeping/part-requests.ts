import { SessileError, unreachable } from "../../protocol/error.ts";
import { type PartInfo, partChunkBytes } from "../../protocol/part.ts";
import type { SessionReplies, SessionRequest } from "../../protocol/request.ts";
import type { SessionHost } from "../session-host.ts";

type PartOp = "partChunk" | "partEnd" | "partKnown" | "part" | "partData" | "parts";

/** Answers what the HTTP layer asks about parts. */
export async function answerPart(
  host: SessionHost,
  request: SessionRequest & { readonly op: PartOp },
): Promise<SessionReplies[PartOp]> {
  const { visible, parts } = host;
  switch (request.op) {
    case "partChunk":
      if (!request.importing) assertTaken(host);
      host.stagePart(request.uploadId, request.chunk, request.data, request.importing);
      return {};
    case "partEnd": {
      if (!request.importing) assertTaken(host);
      const { uploadId, hash, bytes, mediaType } = request;
      return { isNew: host.finishPart(uploadId, hash, bytes, mediaType) };
    }
    case "partKnown":
      assertTaken(host);
      return { part: await parts.find(request.hash) };
    case "part":
      return { part: await shownPart(host, request.hash) };
    case "partData": {
      const part = await shownPart(host, request.hash);
      if (request.chunk * partChunkBytes >= part.bytes) throw notFound();
      return { data: await parts.data(part, request.chunk) };
    }
    case "parts":
      return { items: await parts.list(Math.min(request.lastSeq, visible.view.lastSeq)) };
    default:
      return unreachable(request);
  }
}

function assertTaken({ kernel, visible }: SessionHost): void {
  if (visible.refusal) throw visible.refusal;
  kernel.assertActive();
}

/** A part is shown by the first event that refers to it, and not before. */
async function shownPart({ parts, visible }: SessionHost, hash: string): Promise<PartInfo> {
  const part = await parts.find(hash);
  if (part?.seq != null && part.seq <= visible.view.lastSeq) return part;
  throw notFound();
}

function notFound(): SessileError {
  return new SessileError(
    "not_found",
    "No event of this session refers to a part of this hash that is at hand.",
    {
      field: "hash",
    },
  );
}
