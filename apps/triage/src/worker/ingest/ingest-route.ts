import type { Context } from "hono";
import type { IngestAnswer } from "../../contract/api.ts";
import type { ByteSource } from "../../domain/index.ts";
import type { AppTypes } from "../app-types.ts";
import { asProblem } from "../as-problem.ts";
import { capabilitiesOf } from "../env.ts";
import { type IngestOptions, ingestAlerts } from "./ingest-alerts.ts";
import { SessionPokes } from "./poke-sessions.ts";
import { alertBytes, emptyBody } from "./request-body.ts";

const progressIntervalMs = 200;

/** `POST /api/alerts`. */
export async function postAlerts(context: Context<AppTypes>): Promise<Response> {
  return ingestFrom(context, alertBytes(context.req.raw));
}

/** Takes in `source` and answers once, or with progress line by line if the request asks for that. */
export async function ingestFrom(context: Context<AppTypes>, source: ByteSource): Promise<Response> {
  const env = context.env;
  const waitUntil = (promise: Promise<unknown>) => context.executionCtx.waitUntil(promise);
  const pokes = new SessionPokes(env, waitUntil);
  const onSessions = capabilitiesOf(env).state === "state-3-do" ? pokes.add : undefined;
  const takeIn = async (onProgress?: IngestOptions["onProgress"]): Promise<IngestAnswer> => {
    try {
      const answer = await ingestAlerts(source, env.INCIDENTS_DB, {
        ...(onSessions ? { onSessions } : {}),
        ...(onProgress ? { onProgress } : {}),
      });
      if (answer.accepted + answer.duplicates + answer.rejectedTotal === 0) throw emptyBody();
      return answer;
    } finally {
      // Also of an upload that was cut off: what came before is there.
      pokes.send();
    }
  };
  const ingest = (onProgress?: IngestOptions["onProgress"]): Promise<IngestAnswer> => {
    const answer = takeIn(onProgress);
    // A sender that goes away takes its request along; what it has sent is still to be written.
    waitUntil(answer.catch(() => undefined));
    return answer;
  };
  if (!context.req.header("accept")?.includes("application/x-ndjson")) return context.json(await ingest());
  return answerInLines(async (write) => {
    let lastAt = 0;
    const answer = await ingest(async (progress) => {
      if (Date.now() - lastAt < progressIntervalMs) return;
      lastAt = Date.now();
      // Whoever has gone away hears no more; what they have sent is taken in all the same.
      await write(progress).catch(() => undefined);
    });
    await write({ t: "done", ...answer });
  });
}

/** The status is sent before the first record is read, so a failure is a line of its own. */
function answerInLines(run: (write: (line: object) => Promise<void>) => Promise<void>): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const write = (line: object) => writer.write(encoder.encode(`${JSON.stringify(line)}\n`));
  const produce = async () => {
    try {
      await run(write);
    } catch (thrown) {
      await write({ t: "error", error: asProblem(thrown).toWire() });
    } finally {
      await writer.close();
    }
  };
  // A reader that went away ends this; what was written until then stays.
  void produce().catch(() => undefined);
  return new Response(readable, {
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-store" },
  });
}
