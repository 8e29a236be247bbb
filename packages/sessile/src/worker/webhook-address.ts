import { SessileError } from "../protocol/error.ts";

const maxUrlChars = 2048;

/** Names that mean something inside a network only. */
const localSuffixes =
  "localhost local localdomain internal intranet private corp home lan arpa onion test".split(" ");

/** Networks of IPv4 that are not the public internet (IANA special-purpose registry, read 2026-11), as address and prefix length. */
const closedNetworks: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * Checks where a webhook goes: over TLS to a public host, with no credentials. What a name resolves to is for the network to
 * refuse; redirects are not followed.
 *
 * @param allowLoopback lets it go to this machine too, also without TLS
 * @returns the address in its normal form
 * @throws SessileError `bad_request` with the reason `WEBHOOK_URL_REJECTED`
 */
export function checkedWebhookAddress(text: string, allowLoopback: boolean): string {
  // The parser knows every way to write an IPv4 address: 127.1, 0x7f000001, 2130706433, full-width digits.
  const url = text.length <= maxUrlChars && URL.canParse(text) ? new URL(text) : null;
  if (!url) throw rejected("is no address");
  if (url.username !== "" || url.password !== "") throw rejected("must hold no credentials");
  const host = url.hostname.toLowerCase().replace(/\.+$/, "");
  if (allowLoopback && isLoopback(host) && /^https?:$/.test(url.protocol)) return url.href;
  if (url.protocol !== "https:") throw rejected("must begin with https:");
  if (!isPublic(host)) throw rejected("must lead to a public host");
  return url.href;
}

function isPublic(host: string): boolean {
  if (host.startsWith("[")) return isPublicIpv6(host.slice(1, -1));
  const address = ipv4(host);
  if (address !== null)
    return !closedNetworks.some(([network, length]) => {
      const shift = 32 - length;
      return address >>> shift === (ipv4(network) ?? 0) >>> shift;
    });
  const labels = host.split(".");
  return labels.length > 1 && !localSuffixes.includes(labels.at(-1) ?? "") && !host.endsWith(".home.arpa");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** In the parser's normal form, so that four numbers are all there is to tell. */
function ipv4(host: string): number | null {
  const parts = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host.split(".").map(Number) : null;
  return parts?.reduce((address, part) => address * 256 + part, 0) ?? null;
}

/** Of all addresses only 2000::/3 is given out; of that, what stands for another address or for none is left out. */
function isPublicIpv6(host: string): boolean {
  const [first = "", second = ""] = host.split(":");
  const [high, low] = [Number.parseInt(first || "0", 16), Number.parseInt(second || "0", 16)];
  if (high < 0x2000 || high > 0x3fff) return false;
  // Teredo and other protocols' own, documentation, 6to4, documentation.
  return !((high === 0x2001 && (low < 0x200 || low === 0xdb8)) || high === 0x2002 || high === 0x3fff);
}

function rejected(why: string): SessileError {
  return new SessileError("bad_request", `webhook.url ${why}.`, {
    field: "webhook.url",
    reason: "WEBHOOK_URL_REJECTED",
  });
}
