import { setTimeout as wait } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { SessionEvent } from "sessile/protocol";
import {
  CommandFailure,
  type RemoteFlags,
  request,
  requestJson,
  type SessionArgument,
  sessionPath,
} from "./remote.ts";
import type { TailTransport } from "./tail-transport.ts";

export interface TailFlags {
  readonly remote: RemoteFlags;
  readonly session: SessionArgument;
  /** Default: from the first event. */
  readonly after?: number;
  /** False: end with what there is. */
  readonly follow: boolean;
  readonly transport: TailTransport;
}

interface Page {
  readonly items: readonly SessionEvent[];
  readonly hasMore: boolean;
  readonly lastSeq: number;
}

const waitSeconds = 25;
const retryMs = 1000;
const pollMs = 2000;

/**
 * Prints a session's events, one JSON object a line, and follows it. A server that is away is asked again; the next run goes
 * on with `--after` the last seq that was printed.
 */
export async function runTail({ remote, session, after = 0, follow, transport }: TailFlags): Promise<void> {
  let cursor = after;
  let wasAway = false;
  process.once("SIGINT", () => {
    process.stderr.write(`Go on with: --after ${cursor}\n`);
    process.exit(0);
  });
  const print = (event: SessionEvent): void => {
    process.stdout.write(`${lineOf(event)}\n`);
    cursor = event.seq;
    wasAway = false;
  };
  const isStream = follow && transport === "sse";
  const held = follow && transport === "longpoll" ? `&wait=${waitSeconds}` : "";
  for (;;) {
    try {
      if (isStream) {
        for await (const event of streamed(remote, session, cursor)) print(event);
        // The server does not end it; something in between that does would be asked without a pause.
        await wait(retryMs);
        continue;
      }
      const query = `?after=${cursor}&limit=1000${held}`;
      const page = await requestJson<Page>(remote, sessionPath(session, `/events${query}`));
      page.items.forEach(print);
      // The log is another one, as after a backup was restored. Who waits or streams is given it from the start.
      if (page.lastSeq < cursor) cursor = 0;
      wasAway = false;
      if (!follow && !page.hasMore) return;
      if (transport === "poll" && !page.hasMore) await wait(pollMs);
    } catch (error) {
      if (!follow || !isPassing(error)) throw error;
      if (!wasAway) process.stderr.write(`${error instanceof Error ? error.message : error} Trying again.\n`);
      wasAway = true;
      await wait(retryMs);
    }
  }
}

/** JSON may hold as they are a few characters that a terminal would obey; an event may quote what strangers sent. */
function lineOf(event: SessionEvent): string {
  const obeyed = /[\u007f-\u009f]/g;
  return JSON.stringify(event).replace(obeyed, (code) => `\\u00${code.charCodeAt(0).toString(16)}`);
}

async function* streamed(
  remote: RemoteFlags,
  session: SessionArgument,
  after: number,
): AsyncGenerator<SessionEvent> {
  const headers = { accept: "text/event-stream" };
  const answer = await request(remote, sessionPath(session, `/events?after=${after}`), { headers });
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream"))
    throw new CommandFailure(`${remote.url} sends no events. Is it the address of a Sessile server?`);
  const messages = answer.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages ?? []) yield JSON.parse(data) as SessionEvent;
}

/** Also an answer that broke off. */
function isPassing(error: unknown): boolean {
  return error instanceof CommandFailure ? error.isPassing : error instanceof TypeError;
}
