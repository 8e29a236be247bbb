import type { Actor } from "../protocol/event.ts";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { ExportWriter } from "../protocol/export-file.ts";
import { recordedEventsOf } from "../protocol/recorded-event.ts";
import type { SessionTarget } from "./session-stub.ts";

const encoder = new TextEncoder();
const pageEvents = 1000;

/**
 * A session's log as a file, as it stands when the request comes. Pages are read as fast as the reader takes them, so memory
 * holds one of them however long the log is.
 */
export async function exportResponse(target: SessionTarget, actor: Actor | null): Promise<Response> {
  const { lastSeq, createdAt } = await target.ask({ op: "view" }, actor);
  const { kind, name } = target;
  const key = sessionKeyOf(kind, name);
  const writer = new ExportWriter({
    kind,
    name,
    createdAt: new Date(createdAt).toISOString(),
    events: lastSeq,
  });
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
        if (writer.head.seq === lastSeq) text += writer.end();
        controller.enqueue(encoder.encode(text));
        if (writer.head.seq === lastSeq) controller.close();
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
