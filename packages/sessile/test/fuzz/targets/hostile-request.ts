import { pathOf, routeRules } from "../../attack/route-rules.ts";
import type { Hostile } from "../hostile.ts";
import { bodyOf, importedNames } from "./hostile-bodies.ts";

const routes = routeRules.filter(({ route }) => !route.startsWith("ALL"));
const pretty = [
  "GET /notes/:name",
  "POST /notes/:name/a",
  "GET /agents/notes/:name",
  "POST /mcp",
  "POST /mcp",
  "DELETE /notes/:name",
];
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
const kinds = ["notes", "notes", "notes", "vaults", "voices", "chats", "books", "__proto__", "none"];
const parameters = [
  "after",
  "limit",
  "q",
  "kind",
  "cursor",
  "order",
  "status",
  "lifecycle",
  "since",
  "tag",
  "level",
  "draft",
  "from",
  "offset",
  "free",
  "before",
  "scope",
];
const headerNames = [
  "if-match",
  "if-none-match",
  "idempotency-key",
  "last-event-id",
  "range",
  "accept",
  "content-type",
  "content-encoding",
  "stream-seq",
  "stream-ttl",
  "stream-closed",
  "producer-id",
  "producer-epoch",
  "producer-seq",
  "x-sessile-actor",
  "authorization",
  "cookie",
  "x-test-user",
  "mcp-protocol-version",
  "sec-fetch-site",
];
const users = ["ada", "ada", "ada", "eve", "mallory", "only-read", "only-write"];

/** A request as it goes over the line. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | null;
}

/** One of a route, with something wrong in its path, query, headers or body. */
export function requestOf(hostile: Hostile): SentRequest {
  const { random } = hostile;
  const { route } = random.chance(0.1) ? { route: random.pick(pretty) } : random.pick(routes);
  const name = random.weighted([
    [6, "fuzzed"],
    [2, segment(hostile)],
    [2, random.pick(importedNames)],
  ]);
  const good = pathOf(route, name);
  // Deleting and restoring leave nothing to try the others on.
  const isTooMuch = (method: string) =>
    method === "DELETE" && /\/v1\/sessions\/[^/]+\/[^/]+$/.test(good.path);
  const method = random.chance(0.1) ? random.pick(methods) : good.method;
  const body = ["GET", "HEAD"].includes(method) ? null : bodyOf(hostile, route);
  return disturbed(hostile, {
    method: isTooMuch(method) ? "GET" : method,
    path: good.path.replace("/notes/", `/${random.pick(kinds)}/`),
    headers: good.path === "/mcp" ? { accept: "application/json, text/event-stream" } : {},
    body,
  });
}

/** With something else in its path, query or headers, now and then. */
export function disturbed(hostile: Hostile, { path, headers, ...rest }: SentRequest): SentRequest {
  const disturbedPath = path
    .split("/")
    .map((part) => (hostile.random.chance(0.04) ? segment(hostile) : part))
    .join("/");
  return {
    ...rest,
    path: disturbedPath.slice(0, 8000) + queryOf(hostile),
    headers: { ...headers, ...headersOf(hostile) },
  };
}

function segment(hostile: Hostile): string {
  const text = hostile.text().slice(0, 3000);
  // As it stands, if a request line can hold it; else encoded, halves of letters as bytes that are no UTF-8.
  if (hostile.random.chance(0.3) && /^[\x21-\x7e]*$/.test(text)) return text.replace(/[?#]/g, "");
  return encodeURIComponent(text.toWellFormed()).replaceAll("%EF%BF%BD", "%ED%A0%80");
}

function queryOf(hostile: Hostile): string {
  const { random } = hostile;
  if (random.chance(0.5)) return "";
  const pairs = Array.from({ length: random.between(1, 4) }, () => {
    const name = random.chance(0.9) ? random.pick(parameters) : segment(hostile);
    return `${name}=${random.chance(0.3) ? hostile.number() : segment(hostile)}`;
  });
  return `?${pairs.join("&")}`.slice(0, 8000);
}

function headersOf(hostile: Hostile): Record<string, string> {
  const { random } = hostile;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (random.chance(0.8)) headers["x-test-user"] = random.pick(users);
  for (let count = random.between(0, 3); count > 0; count--)
    // A header's value holds nothing else; bytes of other kinds are for whoever writes to the socket itself.
    headers[random.pick(headerNames)] = hostile
      .text()
      .replace(/[^\x20-\x7e]/g, "")
      .slice(0, 4000);
  if (random.chance(0.1))
    headers["content-type"] = random.pick([
      "text/plain",
      "application/octet-stream",
      "multipart/form-data; boundary=x",
      "x",
    ]);
  return headers;
}
