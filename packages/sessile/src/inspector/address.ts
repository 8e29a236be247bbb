import { SessileError, type WireError } from "../protocol/index.ts";
import type { OperatorHeaders } from "./operator-token.ts";

/** Of the page: `{base}/_sessile/inspect/{kind}/{name}`. */
export interface InspectedAddress {
  readonly url: string;
  readonly kind: string;
  readonly name: string;
  /** Sent with every request. */
  readonly headers: OperatorHeaders;
}

export function addressOf(
  { origin, pathname }: Pick<Location, "origin" | "pathname">,
  headers: OperatorHeaders,
): InspectedAddress {
  const [base = "", path = ""] = pathname.split("/_sessile/inspect/");
  const [kind = "", name = ""] = path.split("/");
  return { url: `${origin}${base}`, kind: decodeURIComponent(kind), name: decodeURIComponent(name), headers };
}

/** Asks below the session's address. @throws SessileError */
export async function ask<T>(
  { url, kind, name, headers }: InspectedAddress,
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetch(
    `${url}/v1/sessions/${encodeURIComponent(kind)}/${encodeURIComponent(name)}${path}`,
    {
      headers: { ...headers, ...(body && { "content-type": "application/json" }) },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    },
  );
  const answer = (await response.json()) as T & { readonly code: WireError["code"]; readonly detail: string };
  if (!response.ok) throw new SessileError(answer.code, answer.detail);
  return answer;
}
