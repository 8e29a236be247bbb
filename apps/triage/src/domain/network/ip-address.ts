/** Bytes of an IPv4 (4) or IPv6 (16) address; undefined where the text is neither. IPv4-mapped IPv6 gives the IPv4 bytes. */
function ipBytes(text: string): readonly number[] | undefined {
  const v4 = ipv4Bytes(text);
  if (v4 !== undefined) return v4;
  if (text.length > 45 || !/^[0-9a-f:]+(\d{1,3}(\.\d{1,3}){3})?(%\w+)?$/i.test(text)) return undefined;
  return ipv6Bytes(text.replace(/%.*$/, ""));
}

function ipv4Bytes(text: string): readonly number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function ipv6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupBytes(halves[0] ?? "");
  const tail = groupBytes(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 0) return undefined;
  const bytes = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

function groupBytes(part: string): number[] | undefined {
  const bytes: number[] = [];
  for (const group of part === "" ? [] : part.split(":")) {
    if (group.includes(".")) {
      const v4 = ipv4Bytes(group);
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}

/** One spelling per address: `::ffff:192.0.2.1` is `192.0.2.1`, IPv6 in lower case without leading zeros. */
export function normaliseIp(text: string): string | undefined {
  const bytes = ipBytes(text.trim());
  if (bytes === undefined) return undefined;
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  // RFC 5952 §4.2: the longest run of zero groups becomes "::".
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(":");
  return `${groups.slice(0, run.at).join(":")}::${groups.slice(run.at + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly string[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === "0" ? length + 1 : 0;
    if (length > best.length) best = { at: i - length + 1, length };
  });
  return best;
}

/** Addresses that belong to no public network: RFC 1918, RFC 6598, loopback, link-local, unique local (RFC 4193). */
export function isInternalIp(ip: string): boolean {
  const bytes = ipBytes(ip);
  if (bytes === undefined) return false;
  const [a = 0, b = 0] = bytes;
  if (bytes.length === 4) {
    if (a === 10 || a === 127) return true;
    return (
      (a === 192 && b === 168) ||
      (a === 172 && b >= 16 && b <= 31) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b <= 127)
    );
  }
  return (
    (a & 0xfe) === 0xfc ||
    (a === 0xfe && (b & 0xc0) === 0x80) ||
    (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1)
  );
}

/** Multicast and broadcast: no host to protect or to blame. */
export function isGroupIp(ip: string): boolean {
  const bytes = ipBytes(ip);
  if (bytes === undefined) return false;
  const first = bytes[0] ?? 0;
  return bytes.length === 4
    ? (first >= 224 && first <= 239) || bytes.every((byte) => byte === 255)
    : first === 0xff;
}

/** The /24 (IPv4) or /64 (IPv6) around an address, as text. */
export function subnetOf(ip: string): string {
  const bytes = ipBytes(ip);
  if (bytes === undefined) return ip;
  if (bytes.length === 4) return `${bytes.slice(0, 3).join(".")}.0/24`;
  const network = Array.from({ length: 4 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  return `${network.join(":")}::/64`;
}
