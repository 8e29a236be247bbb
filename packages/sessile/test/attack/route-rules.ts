import type { Action } from "../../src/protocol/access.ts";

/** Who may use a route: whoever has this right; or it decides nothing itself (`open`), because others are asked or nothing is there. */
export interface RouteRule {
  readonly route: string;
  readonly right: Action | "open";
  /** A body that is good as far as its form goes. */
  readonly body?: unknown;
  /** By which somebody connects, and makes an owned session theirs: as by a socket, they learn which names are taken. */
  readonly connects?: true;
}

const session = "/v1/sessions/:kind/:name";
const subscription = "/v1/stream/__ds/subscriptions/:id";
const event = { clientEventId: "a-1", type: "note.added" };

/** Every route of the library. One that is missing here fails the suite: say who may use it before it is served. */
export const routeRules: readonly RouteRule[] = [
  { route: "GET /v1/sessions", right: "read" },
  { route: "GET /v1/gates", right: "read" },
  // Shows of each kind what the caller may read.
  { route: "GET /v1/gates/policies", right: "open" },
  {
    route: "POST /v1/gates/policies",
    right: "approve",
    body: { kind: "notes", scope: "user", tool: "search" },
  },
  // Takes one's own, and for `admin` anybody's; tested with the gates.
  { route: "DELETE /v1/gates/policies/:policyId", right: "open" },
  // Asks for `admin` once the file says which session it is; tested by itself.
  { route: "POST /v1/sessions/import", right: "open" },
  // Each account manages its own only; tested by itself.
  { route: "GET /v1/tokens", right: "open" },
  { route: "POST /v1/tokens", right: "open" },
  { route: "DELETE /v1/tokens/:tokenId", right: "open" },
  // Tells everyone of their own only.
  { route: "GET /v1/quota", right: "open" },
  // Tells everyone of the kinds they may read only; tested by itself.
  { route: "GET /_sessile/catalog", right: "open" },
  { route: `GET ${session}`, right: "read" },
  { route: `DELETE ${session}`, right: "admin" },
  { route: `GET ${session}/events`, right: "read" },
  { route: `POST ${session}/events`, right: "write", body: event },
  // Answers each command by itself; tested with the transports.
  { route: `POST ${session}/commands`, right: "open" },
  { route: `GET ${session}/welcome`, right: "read", connects: true },
  { route: `POST ${session}/lifecycle`, right: "admin", body: { to: "paused" } },
  { route: `POST ${session}/access`, right: "admin", body: { visibility: "public" } },
  { route: `POST ${session}/status`, right: "write", body: { to: "open" } },
  { route: `GET ${session}/state`, right: "read" },
  { route: `PUT ${session}/state`, right: "write", body: {} },
  { route: `POST ${session}/reset`, right: "admin" },
  { route: `POST ${session}/call/:method`, right: "write", body: ["x"] },
  { route: `GET ${session}/gates`, right: "read" },
  { route: `GET ${session}/gates/:gateId`, right: "read" },
  { route: `GET ${session}/policies`, right: "read" },
  { route: `POST ${session}/policies`, right: "approve", body: { tool: "search" } },
  { route: `DELETE ${session}/policies/:policyId`, right: "approve" },
  { route: `POST ${session}/gates/:gateId`, right: "approve", body: { answer: "approve" } },
  { route: `POST ${session}/runs`, right: "write", body: { message: "Go" } },
  { route: `GET ${session}/runs`, right: "read" },
  { route: `GET ${session}/runs/:runId`, right: "read" },
  { route: `GET ${session}/resume`, right: "read" },
  { route: `POST ${session}/resume`, right: "write" },
  { route: `POST ${session}/interrupt`, right: "write" },
  { route: `POST ${session}/abort`, right: "write" },
  { route: `GET ${session}/draft`, right: "read" },
  { route: `PUT ${session}/draft`, right: "write", body: { type: "note.added" } },
  { route: `DELETE ${session}/draft`, right: "write" },
  { route: `POST ${session}/draft/send`, right: "write", body: { draftId: "d-1" } },
  { route: `POST ${session}/parts`, right: "write", body: "a part" },
  { route: `PUT ${session}/parts/:hash`, right: "write", body: "a part" },
  { route: `GET ${session}/parts/:hash`, right: "read" },
  { route: `GET ${session}/log`, right: "admin" },
  { route: `GET ${session}/inspect`, right: "admin" },
  { route: `POST ${session}/inspect/sql`, right: "admin", body: { sql: "SELECT 1" } },
  // A page without anybody's data.
  { route: "GET /_sessile/inspect", right: "open" },
  { route: "GET /_sessile/inspect/:kind/:name", right: "open" },
  { route: `GET ${session}/snapshots`, right: "read" },
  { route: `POST ${session}/snapshots`, right: "admin" },
  { route: `GET ${session}/summaries`, right: "read" },
  { route: `POST ${session}/summaries`, right: "write", body: { style: "brief" } },
  { route: `GET ${session}/usage`, right: "read" },
  { route: `GET ${session}/usage/entries`, right: "read" },
  { route: `GET ${session}/export`, right: "read" },
  { route: `GET ${session}/streams`, right: "read" },
  ...[`${session}/streams/:streamId`, "/v1/stream/:name{.+}"].flatMap((path): RouteRule[] => [
    { route: `GET ${path}`, right: "read" },
    { route: `PUT ${path}`, right: "write" },
    { route: `POST ${path}`, right: "write", body: "a chunk" },
    { route: `DELETE ${path}`, right: "write" },
    // A preflight does nothing.
    { route: `OPTIONS ${path}`, right: "open" },
  ]),
  { route: `POST ${session}/streams/:streamId/cancel`, right: "write" },
  {
    route: `PUT ${subscription}`,
    right: "admin",
    body: { type: "pull-wake", pattern: "*", wake_stream: "wakes" },
  },
  { route: `GET ${subscription}`, right: "admin" },
  { route: `DELETE ${subscription}`, right: "admin" },
  { route: `POST ${subscription}/streams`, right: "admin", body: { streams: ["a"] } },
  { route: `DELETE ${subscription}/streams/:path{.+}`, right: "admin" },
  { route: `POST ${subscription}/claim`, right: "write", body: { worker: "w" } },
  // The token of a wake is asked for instead; tested with the subscriptions.
  ...["callback", "ack", "release"].map((by) => ({
    route: `POST ${subscription}/${by}`,
    right: "open" as const,
  })),
  // Public keys.
  { route: "GET /v1/stream/__ds/jwks.json", right: "open" },
  { route: `GET ${session}/head`, right: "read" },
  { route: `GET ${session}/sync`, right: "read" },
  { route: `POST ${session}/restore`, right: "admin" },
  { route: "GET /api/chat/:name", right: "read" },
  { route: "GET /api/chat/:name/stream", right: "read" },
  { route: "POST /api/chat/:name/stop", right: "write" },
  // Name their chats in the body and in frames; tested with the chat.
  { route: "POST /api/chat", right: "open" },
  { route: "GET /api/chat", right: "open" },
  // What comes before the routes, and what answers 404 and 405 after them.
  ...[
    "/*",
    "/v1/sessions",
    "/_sessile/catalog",
    "/_sessile/inspect",
    "/_sessile/inspect/:kind/:name",
    "/v1/gates",
    "/v1/gates/policies",
    "/v1/gates/policies/:policyId",
    "/v1/tokens",
    "/v1/tokens/:tokenId",
    "/v1/*",
    `${session}/*`,
    session,
    ...[
      "events",
      "commands",
      "welcome",
      "lifecycle",
      "access",
      "status",
      "state",
      "reset",
      "call/:method",
      "gates",
      "gates/:gateId",
      "policies",
      "policies/:policyId",
      "runs",
      "runs/:runId",
      "resume",
      "interrupt",
      "abort",
      "draft",
      "draft/send",
      "log",
      "inspect",
      "inspect/sql",
      "parts",
      "parts/:hash",
      "summaries",
      "usage",
      "usage/entries",
    ].map((path) => `${session}/${path}`),
  ].map((path) => ({ route: `ALL ${path}`, right: "open" as const })),
  // Each tool needs what its routes need; tested by itself.
  { route: "ALL /mcp", right: "open" },
  // Middleware comes first; the pretty addresses, under `ALL /*`, take every method and are tested by themselves.
  { route: "ALL /api/chat/*", right: "open" },
  { route: "ALL /agents/:agent/:name", right: "open" },
  { route: "ALL /agents/:agent/:name/*", right: "open" },
];

/** The path of a route with everything filled in. */
export function pathOf(route: string, name: string): { readonly method: string; readonly path: string } {
  const [method = "", path = ""] = route.split(" ");
  return {
    method,
    path: path
      .replace(":kind", "notes")
      .replace(/:name(\{[^}]*\})?/, name)
      .replace(":streamId", "s")
      .replace(/:(id|path\{\.\+\})/g, "s")
      .replace(":method", "add")
      .replace(":gateId", "g")
      .replace(":policyId", "p")
      .replace(":runId", "r")
      // Of "a part" as JSON.
      .replace(":hash", "19c6b014666ade8a7d8067280478705e176fe3831d95fe16b86da831e3710745"),
  };
}
