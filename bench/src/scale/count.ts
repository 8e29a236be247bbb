import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "sessile/node";
import { bundleWorker } from "../bundle.ts";
import { countedPrefix } from "../counted-prefix.ts";

/** What one session of so many turns writes, counted and not computed. */
export interface Counted {
  readonly objectRows: number;
  readonly objectBytes: number;
  readonly recordRows: number;
  readonly recordReads: number;
  readonly recordBytes: number;
  readonly recordTrips: number;
  readonly events: number;
}

/** One message of 200 characters and one streamed answer a turn. */
export async function countSession(turns: number, tokens: number, everyMs: number): Promise<Counted> {
  const dir = mkdtempSync(join(tmpdir(), "sessile-scale-"));
  const server = await serve({
    worker: { source: await bundleWorker(fileURLToPath(import.meta.resolve("../worker/scale-worker.ts"))) },
    dir,
    port: 0,
    durableObjects: { PRICED: { className: "PricedSession" } },
    d1: ["RECORD"],
    compatibilityDate: "2026-11-01",
  });
  const session = `${countedPrefix}session`;
  const ask = async (path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(
      `${server.url}${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
    );
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const at = `/v1/sessions/priced/${session}`;
  try {
    for (let turn = 0; turn < turns; turn++) {
      await ask(`${at}/events`, {
        clientEventId: `p.0.${turn + 1}`,
        type: "message.sent",
        payload: { text: "x".repeat(200) },
      });
      await ask(`${at}/call/answer`, [`answer-${turn}`, tokens, everyMs]);
    }
    // The record is complete once it has what the session has.
    for (;;) {
      const sync = (await (await ask(`${at}/sync`)).json()) as { readonly pending: number };
      if (sync.pending === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const counted = (await (await ask(`/counted/${session}`)).json()) as Record<string, number>;
    const { objectRows = 0, objectBytes = 0, recordBytes = 0, events = 0 } = counted;
    const { rowsWritten = 0, rowsRead = 0, roundTrips: recordTrips = 0 } = counted;
    return {
      objectRows,
      objectBytes,
      recordRows: rowsWritten,
      recordReads: rowsRead,
      recordBytes,
      recordTrips,
      events,
    };
  } finally {
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
