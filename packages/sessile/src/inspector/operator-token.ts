const key = "sessile-operator";

/** Header by which the embedded server knows its operator; empty without a token. */
export type OperatorHeaders = Readonly<Record<string, string>>;

/**
 * The address that the server prints hands the token over in its fragment, which no server and no log sees. It is kept for this tab
 * alone, and taken out of the address, so that a copied one gives nothing away.
 */
export function takeOperatorHeaders(): OperatorHeaders {
  const given = new URLSearchParams(location.hash.slice(1)).get("operator");
  if (given !== null) {
    sessionStorage.setItem(key, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  const token = given ?? sessionStorage.getItem(key);
  return token === null ? {} : { [key]: token };
}
