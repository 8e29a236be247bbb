import { setTimeout as wait } from "node:timers/promises";
import type { SessionEvent } from "sessile/protocol";
import {
  CommandFailure,
  type RemoteFlags,
  requestJson,
  type SessionArgument,
  sessionPath,
} from "./remote.ts";

export interface TailFlags {
  readonly remote: RemoteFlags;
  readonly session: SessionArgument;
  /** Default: from the first event. */
  readonly after?: number;
  /** False: end with what there is. */
  readonly follow: boolean;
}

interface Page {
  readonly items: readonly SessionEvent[];
  readonly nextAfter: number;
  readonly hasMore: boolean;
}

const waitSeconds = 25;
const retryMs = 1000;

/**
 * Prints a session's events, one JSON object a line, and follows it. A server that is away is asked again; the next run goes
 * on with `--after` the last seq that was printed.
 */
export async function runTail({ remote, session, after = 0, follow }: TailFlags): Promise<void> {
  let cursor = after;
  let wasAway = false;
  process.once("SIGINT", () => {
    process.stderr.write(`Go on with: --after ${cursor}\n`);
    process.exit(0);
  });
  for (;;) {
    const query = `?after=${cursor}&limit=1000${follow ? `&wait=${waitSeconds}` : ""}`;
    try {
      const page = await requestJson<Page>(remote, sessionPath(session, `/events${query}`));
      for (const event of page.items) process.stdout.write(`${JSON.stringify(event)}\n`);
      cursor = page.nextAfter;
      wasAway = false;
      if (!follow && !page.hasMore) return;
    } catch (error) {
      if (!follow || !isPassing(error)) throw error;
      if (!wasAway) process.stderr.write(`${error instanceof Error ? error.message : error} Trying again.\n`);
      wasAway = true;
      await wait(retryMs);
    }
  }
}

/** Nobody answered, or the answer says to come back; a refusal would only be repeated. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof CommandFailure)) return error instanceof TypeError;
  return /does not answer|\((?:unavailable|overloaded|rate_limited)\)$/.test(error.message);
}
