import { callable, Session } from "../../src/index.ts";
import { StreamObject, StreamObjects, StreamSubscriptions } from "../../src/stream/index.ts";
import { createSessile } from "../../src/worker/index.ts";

export { StreamObject, StreamSubscriptions };

export class Desk extends Session {
  readonly kind = "desk";
  readonly initialState = null;
  /** Rows that this instance has written so far. */
  readonly written = callable(() => this.sql<{ n: number }>`SELECT total_changes() AS n`[0]?.n ?? -1);
  readonly fail = callable(async (id: string) => this.streams.failStream(id, new Error("The pen broke.")));
}

const sessile = createSessile({
  kinds: { desk: { binding: "DESK" } },
  // Shorter than the suite's own patience with one request.
  streams: {
    binding: "SESSILE_STREAM",
    longPollMs: 500,
    liveMs: 2_000,
    // Its receivers of webhooks are on this machine.
    subscriptions: { allowLoopbackWebhooks: true },
  },
  allowedOrigins: ["https://friend.example"],
});

/** Only code of the deployment withdraws what is in a standalone stream. */
sessile.post("/test/reset/:name", async (context) => {
  const { SESSILE_STREAM } = context.env as { readonly SESSILE_STREAM: DurableObjectNamespace };
  await new StreamObjects(SESSILE_STREAM).resetStream(context.req.param("name"));
  return context.text("ok");
});

export default sessile;
