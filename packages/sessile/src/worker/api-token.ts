/** Begins every token, so that scanners for leaked secrets know one. */
export const tokenPrefix = "ses_";
const tokenPattern = /^ses_[0-9a-f]{64}$/;

/** A new token. Only its hash is kept. */
export function newToken(): string {
  return `${tokenPrefix}${hex(crypto.getRandomValues(new Uint8Array(32)))}`;
}

/** What a token is found by; null if this is none. */
export async function tokenHash(token: string): Promise<string | null> {
  if (!tokenPattern.test(token)) return null;
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
