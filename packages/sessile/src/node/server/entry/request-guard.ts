// These functions run inside workerd: `entry-source.ts` sends their text. They may use each other, their
// arguments and what every Worker has, but nothing else from this module or any other.

/**
 * Why this request must not reach the Worker, or undefined when it may.
 *
 * A page on another site can make a browser send requests to a loopback address, and by rebinding its own name to
 * 127.0.0.1 can even read the answers. Such a request always tells on itself: by `Host` when the name was rebound, by
 * `Origin` for anything but a plain GET (WebSocket upgrades included), by `Sec-Fetch-Site` for images, scripts and
 * frames. Following a link here from another site stays possible.
 */
export function refusal(request: Request, allowed: ReadonlySet<string>): string | undefined {
  const { headers } = request;
  const host = headers.get("host")?.toLowerCase() ?? "";
  if (!allowed.has(host)) return "This server does not answer to that Host.";

  // A preflight asks what is allowed and does nothing.
  if (request.method === "OPTIONS") return undefined;

  const origin = headers.get("origin")?.toLowerCase();
  if (origin !== undefined) {
    const known = allowed.has(origin.replace(/^https?:\/\//, ""));
    return known ? undefined : "Pages of another origin may not use this server.";
  }

  const site = headers.get("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return undefined;
  const followsLink =
    request.method === "GET" &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
  return followsLink ? undefined : "Pages of another site may not use this server.";
}

/** An RFC 9457 problem document. */
export function problem(status: number, code: string, title: string, detail: string): Response {
  const body = JSON.stringify({ type: "about:blank", title, status, code, detail });
  return new Response(body, {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

/**
 * The request without the headers that only the infrastructure may set. workerd takes `request.cf` from a client's own
 * `MF-CF-Blob` header on this socket and sets it in no other case (2026-11), so a present `cf` is forged too.
 */
export function withoutForgedHeaders(request: Request): Request {
  const forged: string[] = [];
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-sessile-") || name.startsWith("mf-") || name.startsWith("cf-")) forged.push(name);
  }
  const cf = "cf" in request && request.cf !== undefined;
  if (forged.length === 0 && !cf) return request;
  const headers = new Headers(request.headers);
  for (const name of forged) headers.delete(name);
  return new Request(request, { headers, ...(cf ? { cf: {} } : {}) });
}
