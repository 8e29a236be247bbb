import { SessileError } from "../protocol/index.ts";

/** Where the server is, without a slash at the end. @throws SessileError `bad_request` */
export function serverUrlOf(url: string | undefined): string {
  const given = url ?? globalThis.location?.origin;
  if (given === undefined)
    throw new SessileError("bad_request", "Outside a page the server's address must be given as url.", {
      field: "url",
    });
  try {
    const { href } = new URL(given, globalThis.location?.href);
    return href
      .replace(/^ws/, "http")
      .replace(/[?#].*$/, "")
      .replace(/\/+$/, "");
  } catch {
    throw new SessileError("bad_request", `${given} is not a URL.`, { field: "url" });
  }
}
