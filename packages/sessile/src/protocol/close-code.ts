/**
 * WebSocket close codes. 4000–4999 and 1008 are terminal: our client and stock Agents SDK clients stop
 * reconnecting. A refusal is an accepted socket closed with one of these, because a refused HTTP upgrade
 * makes stock clients retry for ever.
 */
export const closeCodes = {
  /** Ask again: the object restarted or the peer fell too far behind. Not terminal. */
  restart: 1012,
  /** The peer broke the protocol: unparsable, oversized or unknown frames. */
  protocolError: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  notFound: 4404,
  /** No `hello` within the time allowed. */
  helloTimeout: 4408,
  /** The session is gone for good. */
  gone: 4410,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

export function isTerminalClose(code: number): boolean {
  return code === 1008 || (code >= 4000 && code <= 4999);
}

const maxReasonBytes = 123;

/** `text` cut to what a close frame can carry (RFC 6455, section 5.5): a longer one would leave the socket open. */
export function closeReason(text: string): string {
  let bytes = 0;
  let reason = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > maxReasonBytes) break;
    reason += character;
  }
  return reason;
}
