// The Worker under test: one kind with everything, one with tight limits, and an authorizer that knows a few names.
import { DirectoryFeed } from "sessile";
import { createD1QuotaStore, createD1Record, createTokenStore } from "sessile/d1";
import { createMcp } from "sessile/mcp";
import { StreamSubscriptions } from "sessile/stream";
import { createSessile } from "sessile/worker";
import type { SessionRequest } from "../../src/protocol/request.ts";
import { Books, commitsHeard } from "./fixture-books.ts";
import { heldPuts, holdPuts } from "./fixture-bucket.ts";
import { Chats } from "./fixture-chats.ts";
import { Chronicle, Diary, inLedgerMode } from "./fixture-diary.ts";
import { Orders, Shelves, Vaults } from "./fixture-family.ts";
import { Metered, quotaPlan } from "./fixture-metered.ts";
import { instancesBegun, Notes } from "./fixture-notes.ts";
import { type DatabaseState, faultyDatabase, heldQueries, switchDatabases } from "./fixture-record.ts";
import { Tiny } from "./fixture-tiny.ts";
import {
  Crowds,
  Relay,
  runStep,
  StreamObject,
  standaloneStreams,
  Voices,
  Whispers,
} from "./fixture-voices.ts";

export {
  Books,
  Chats,
  Chronicle,
  Crowds,
  Diary,
  DirectoryFeed,
  Metered,
  Notes,
  Orders,
  Relay,
  Shelves,
  StreamObject,
  StreamSubscriptions,
  Tiny,
  Vaults,
  Voices,
  Whispers,
};

interface Env {
  readonly NOTES: DurableObjectNamespace;
  readonly DIARY: DurableObjectNamespace;
  readonly STREAMS: DurableObjectNamespace;
  readonly SESSILE_RELAY: DurableObjectNamespace;
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
  readonly SESSILE_ARCHIVE?: R2Bucket;
  readonly SESSILE_PARTS?: R2Bucket;
}

const identify = (request: Request) => {
  const id = request.headers.get("x-test-user");
  return id === null ? null : { id, name: `Name of ${id}` };
};

const sessile = createSessile<Env>({
  kinds: {
    notes: { binding: "NOTES", route: "notes" },
    tiny: { binding: "TINY" },
    voices: { binding: "VOICES" },
    crowds: { binding: "CROWDS" },
    whispers: { binding: "WHISPERS" },
    chats: { binding: "CHATS" },
    diary: { binding: "DIARY" },
    chronicle: { binding: "CHRONICLE" },
    books: { binding: "BOOKS", route: "books" },
    metered: { binding: "METERED" },
    orders: { binding: "ORDERS" },
    shelves: { binding: "SHELVES" },
    vaults: { binding: "VAULTS" },
    unbound: { binding: "NOT_THERE" },
  },
  identify,
  tokens: {
    signedIn: async (request) => identify(request),
    store: ({ SESSILE_RECORD }) => createTokenStore(SESSILE_RECORD),
  },
  authorize: ({ actor, action, name }) => {
    if (actor?.id === "mallory") return false;
    if (actor?.id === "reader") return action === "read";
    if (actor?.id === "not-approver") return action !== "approve";
    if (actor?.id.startsWith("only-")) return actor.id === `only-${action}`;
    return !name?.startsWith("private") || actor !== null;
  },
  record: ({ SESSILE_RECORD }) => createD1Record(faultyDatabase(SESSILE_RECORD, "worker")),
  quotas: {
    ...quotaPlan,
    store: ({ SESSILE_RECORD }) => createD1QuotaStore(SESSILE_RECORD),
    salt: () => "a salt for tests only",
    address: (request) => request.headers.get("x-test-address"),
  },
  streams: { binding: "STREAMS" },
  feed: "SESSILE_FEED",
  chat: { kind: "chats" },
  allowedOrigins: ["https://friend.example"],
  page: (request) =>
    new Response(`<!doctype html><title>${new URL(request.url).pathname}</title>`, {
      headers: { "content-type": "text/html" },
    }),
});

sessile.all("/mcp", createMcp({ app: sessile, kinds: ["notes", "books", "tiny", "vaults"] }));
sessile.all("/test/tn-mcp", createMcp({ app: sessile, kinds: ["books"], prefix: "tn_session_" }));

/** Switches of the test itself, beside the product's own routes. */
sessile.post("/test/d1/:state", (context) => {
  switchDatabases(context.req.param("state") as DatabaseState);
  return context.text("ok");
});
sessile.get("/test/d1/held", (context) => context.json(heldQueries()));
sessile.post("/test/durability/:name/:mode", (context) => {
  const { name, mode } = context.req.param();
  if (mode === "ledger") inLedgerMode.add(name);
  else inLedgerMode.delete(name);
  return context.text("ok");
});
sessile.post("/test/puts/:state", (context) => {
  holdPuts(context.req.param("state") === "held");
  return context.text("ok");
});
sessile.get("/test/puts", (context) => context.json([...heldPuts]));
sessile.get("/test/objects", async (context) => {
  const { SESSILE_ARCHIVE, SESSILE_PARTS } = context.env;
  const pages = await Promise.all([SESSILE_ARCHIVE, SESSILE_PARTS].map((bucket) => bucket?.list()));
  return context.json(pages.flatMap((page) => page?.objects.map(({ key }) => key) ?? []));
});
sessile.get("/test/commits/:name", (context) =>
  context.json(commitsHeard.get(context.req.param("name")) ?? []),
);
sessile.post("/test/forget/:name", async (context) => {
  const stub = context.env.DIARY.getByName(context.req.param("name")) as unknown as {
    forget(): Promise<void>;
  };
  await stub.forget().catch(() => {});
  return context.text("ok");
});
/** Asks an object what the Worker would, for somebody whom the Worker has let through. */
sessile.post("/test/ask/:name", async (context) => {
  const { request, user } = await context.req.json<{ request: SessionRequest; user: string }>();
  const stub = context.env.NOTES.getByName(context.req.param("name")) as unknown as Pick<
    Notes,
    "handleSessionRequest"
  >;
  return context.json(await stub.handleSessionRequest(request, { actor: { id: user, name: user } }));
});
sessile.post("/test/relays/kill", async (context) => {
  const relay = context.env.SESSILE_RELAY.getByName(await context.req.text()) as unknown as Pick<
    Relay,
    "die"
  >;
  await Promise.resolve(relay.die()).catch(() => {});
  return context.text("ok");
});
sessile.post("/test/streams/:title/:step", async (context) => {
  const { title, step } = context.req.param();
  return context.json(
    await runStep(standaloneStreams(context.env), title, Number(step), context.req.query("prefix") ?? "s"),
  );
});
sessile.get("/test/routes", (context) =>
  context.json(sessile.routes.map(({ method, path }) => `${method} ${path}`)),
);
sessile.get("/test/instances/:name", (context) =>
  context.text(String(instancesBegun.get(context.req.param("name")) ?? 0)),
);

export default sessile;
