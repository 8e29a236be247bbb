import { SessileError } from "../protocol/error.ts";

/** For an address of the API where there is nothing. One that lacks the session's name is told where the list is. */
export function nothingAt(path: string): SessileError {
  const [, kind] = /\/v1\/sessions\/([^/]+)\/?$/.exec(path) ?? [];
  const hint = kind === undefined ? "" : ` Sessions of a kind are listed at /v1/sessions?kind=${kind}.`;
  return new SessileError("not_found", `There is nothing at this address.${hint}`);
}
