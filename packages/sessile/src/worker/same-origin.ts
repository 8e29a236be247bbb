import { SessileError } from "../protocol/error.ts";

/**
 * A browser says where a page comes from; a foreign page must not act with somebody's cookies. Other clients say nothing.
 *
 * @throws SessileError `forbidden`
 */
export function assertSameOrigin(request: Request, allowed: readonly string[]): void {
  const { headers, method, url } = request;
  const isSafeRead = ["GET", "HEAD", "OPTIONS"].includes(method) && headers.get("upgrade") === null;
  // Reading is left to the browser, which shows no answer of ours to a page of another site.
  if (isSafeRead) return;
  const origin = headers.get("origin");
  const isOwn =
    origin === null
      ? headers.get("sec-fetch-site")?.toLowerCase() !== "cross-site"
      : allowed.includes(origin) || isOrigin(origin, new URL(url).origin, headers.get("host"));
  if (!isOwn) throw new SessileError("forbidden", "Requests from other web sites are refused.");
}

/** `Host` counts beside the address, because a proxy in front may have taken the scheme's encryption off. */
function isOrigin(origin: string, own: string, host: string | null): boolean {
  if (origin === own) return true;
  // Not everything that calls itself an origin is one: `null`, `file://`, or no address at all.
  const parsed = URL.canParse(origin) ? new URL(origin) : null;
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.host === host;
}
