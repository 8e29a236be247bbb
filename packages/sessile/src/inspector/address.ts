import { SessileError, type WireError } from "../protocol/index.ts";
import type { OperatorHeaders } from "./operator-token.ts";

const place = "/_sessile/inspect";

/** Of the page: `{base}/_sessile/inspect/{kind}/{name}`. */
export interface InspectedAddress {
  readonly url: string;
  readonly kind: string;
  readonly name: string;
  /** Sent with every request. */
  readonly headers: OperatorHeaders;
}

type Place = Pick<Location, "origin" | "pathname">;

/** Where the server is that the page is of. */
export function baseOf({ origin, pathname }: Place): string {
  return origin + pathname.slice(0, pathname.indexOf(place));
}

export function inspectorPath(base: string, kind: string, name: string): string {
  return `${base}${place}/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;
}

/** Null: the page is that of all sessions. */
export function addressOf(where: Place, headers: OperatorHeaders): InspectedAddress | null {
  const [, path = ""] = where.pathname.split(`${place}/`);
  const [kind = "", name = ""] = path.split("/");
  if (name === "") return null;
  return { url: baseOf(where), kind: decodeURIComponent(kind), name: decodeURIComponent(name), headers };
}

/** Asks below the session's address. @throws SessileError */
export function ask<T>(
  { url, kind, name, headers }: InspectedAddress,
  path: string,
  body?: object,
): Promise<T> {
  return request(`${url}/v1/sessions/${encodeURIComponent(kind)}/${encodeURIComponent(name)}${path}`, {
    headers: { ...headers, ...(body && { "content-type": "application/json" }) },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
}

/** @throws SessileError */
export async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  const answer = (await response.json()) as T & { readonly code: WireError["code"]; readonly detail: string };
  if (!response.ok) throw new SessileError(answer.code, answer.detail);
  return answer;
}
