import type { Actor } from "../../protocol/event.ts";
import { sessionKeyOf } from "../../protocol/event-id.ts";
import { ExportWriter } from "../../protocol/export-file.ts";
import { type PartInfo, partChunkBytes } from "../../protocol/part.ts";
import { recordedEventsOf } from "../../protocol/recorded-event.ts";
import type { SessionTarget } from "../session-stub.ts";

const encoder = new TextEncoder();
const pageEvents = 1000;

/**
 * A session's log and parts as a file, as they stand when the request comes. Pages are read as fast as the reader takes them, so memory
 * holds one of them however long the log is.
 */
export async function exportResponse(target: SessionTarget, actor: Actor | null): Promise<Response> {
  const { lastSeq, createdAt } = await target.ask({ op: "view" }, actor);
  const { items: parts } = await target.ask({ op: "parts", lastSeq }, actor);
  const { kind, name } = target;
  const key = sessionKeyOf(kind, name);
  const writer = new ExportWriter({
    kind,
    name,
    createdAt: new Date(createdAt).toISOString(),
    events: lastSeq,
    parts: parts.length,
  });
  const pieces = piecesOf(parts);
  let hasBegun = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = hasBegun ? "" : writer.begin();
        hasBegun = true;
        const after = writer.head.seq;
        if (after < lastSeq) {
          const { commits } = await target.ask({ op: "events", after, limit: pageEvents }, actor);
          for (const commit of commits) {
            for (const event of recordedEventsOf(commit, key, after)) {
              if (event.seq <= lastSeq) text += writer.event(event);
            }
          }
          if (writer.head.seq === after) throw new Error(`The log has no event ${after + 1}.`);
        }
        const isWhole = writer.head.seq === lastSeq;
        // A page of events alone, then a piece at a time: memory holds one of them.
        const piece = isWhole && after === lastSeq ? pieces.next().value : undefined;
        if (piece) {
          const { hash, bytes, chunk } = piece;
          const { data } = await target.ask({ op: "partData", hash, chunk }, actor);
          text += writer.part({ hash, at: chunk * partChunkBytes, of: bytes, data: new Uint8Array(data) });
        }
        const isEnd = isWhole && !piece && (after === lastSeq || parts.length === 0);
        if (isEnd) text += writer.end();
        controller.enqueue(encoder.encode(text));
        if (isEnd) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, {
    headers: {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="${kind}-${name}.ndjson"`,
      "cache-control": "no-store",
    },
  });
}

interface PieceToRead {
  readonly hash: string;
  readonly bytes: number;
  readonly chunk: number;
}

function* piecesOf(parts: readonly PartInfo[]): Generator<PieceToRead, undefined> {
  for (const { hash, bytes } of parts) {
    for (let chunk = 0; chunk * partChunkBytes < bytes; chunk++) yield { hash, bytes, chunk };
  }
}
