// These functions run inside workerd: `entry-source.ts` sends their text. They may use each other, their
// arguments and what every Worker has, but nothing else from this module or any other.

export interface StaticFile {
  /** Path below the directory, percent-encoded, with its leading slash. */
  readonly path: string;
  readonly type: string;
  /** Quoted, as in the header. */
  readonly etag: string;
  readonly bytes: number;
  /** The name carries a hash of the content: it may be kept for ever. */
  readonly immutable: boolean;
}

export interface StaticSite {
  /** By decoded path: `/index.html`. */
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly spa: boolean;
  /** Paths that pass the files by: the first list matches and the second does not. */
  readonly workerFirst: readonly RegExp[];
  readonly workerFirstExcept: readonly RegExp[];
}

/** What a service binding offers. */
export interface Fetcher {
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

/** The file that answers this request, or undefined when the Worker is to answer. */
export function findFile(request: Request, site: StaticSite): StaticFile | undefined {
  if (site.files.size === 0 || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  const pathname = pathOf(request.url);
  const workerFirst =
    site.workerFirst.some((pattern) => pattern.test(pathname)) &&
    !site.workerFirstExcept.some((pattern) => pattern.test(pathname));
  return workerFirst ? undefined : fileAt(request, pathname, site);
}

/** The path of an absolute URL; parsing the whole is dear for every request. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** As `findFile`, for a Worker that asks for a file itself. */
export function fileAt(request: Request, pathname: string, site: StaticSite): StaticFile | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const file = site.files.get(path.endsWith("/") ? `${path}index.html` : path);
  if (file || !site.spa || !wantsPage(request)) return file;
  return site.files.get("/index.html");
}

/** Whether a person opens this address, as opposed to a script that fetches it. */
export function wantsPage(request: Request): boolean {
  if (request.method !== "GET" || request.headers.has("upgrade")) return false;
  const mode = request.headers.get("sec-fetch-mode");
  if (mode !== null && mode !== "navigate") return false;
  return request.headers.get("accept")?.includes("text/html") ?? false;
}

/** Whoever opens a server whose Worker has nothing at its front address gets what there is: the inspector's list of sessions. */
export async function offerInspector(
  request: Request,
  answered: Response | Promise<Response>,
): Promise<Response> {
  const answer = await answered;
  if (answer.status !== 404 || !wantsPage(request)) return answer;
  return new Response(null, { status: 302, headers: { location: "/_sessile/inspect" } });
}

export async function sendFile(request: Request, file: StaticFile, disk: Fetcher): Promise<Response> {
  const headers = new Headers({
    "content-type": file.type,
    etag: file.etag,
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
  });
  // A page that another site could frame could have its buttons clicked unseen.
  if (file.type.startsWith("text/html")) headers.set("content-security-policy", "frame-ancestors 'none'");
  if (isCurrent(request.headers.get("if-none-match"), file.etag))
    return new Response(null, { status: 304, headers });
  headers.set("content-length", String(file.bytes));
  if (request.method === "HEAD") return new Response(null, { headers });
  const stored = await disk.fetch(`http://disk${file.path}`);
  if (stored.status !== 200) return new Response("This file is gone; reload the page.\n", { status: 404 });
  headers.set("content-length", stored.headers.get("content-length") ?? String(file.bytes));
  return new Response(stored.body, { headers });
}

export function isCurrent(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((tag) => {
    const bare = tag.trim().replace(/^W\//, "");
    return bare === etag || bare === "*";
  });
}
