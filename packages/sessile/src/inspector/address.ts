import { SessileError, type WireError } from "../protocol/index.ts";

/** Of the page: `{base}/_sessile/inspect/{kind}/{name}`. */
export interface InspectedAddress {
  readonly url: string;
  readonly kind: string;
  readonly name: string;
}

export function addressOf({ origin, pathname }: Pick<Location, "origin" | "pathname">): InspectedAddress {
  const [base = "", path = ""] = pathname.split("/_sessile/inspect/");
  const [kind = "", name = ""] = path.split("/");
  return { url: `${origin}${base}`, kind: decodeURIComponent(kind), name: decodeURIComponent(name) };
}

/** Asks below the session's address. @throws SessileError */
export async function ask<T>({ url, kind, name }: InspectedAddress, path: string, body?: object): Promise<T> {
  const response = await fetch(
    `${url}/v1/sessions/${encodeURIComponent(kind)}/${encodeURIComponent(name)}${path}`,
    {
      ...(body && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    },
  );
  const answer = (await response.json()) as T & { readonly code: WireError["code"]; readonly detail: string };
  if (!response.ok) throw new SessileError(answer.code, answer.detail);
  return answer;
}
