import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, resolve, sep } from "node:path";
import type { SiteData } from "./entry/entry-source.ts";
import type { StaticFile } from "./entry/static-files.ts";
import type { AssetOptions } from "./options.ts";
import { ServeError } from "./serve-error.ts";

/** What the types of the web are called; anything else is `application/octet-stream`. */
const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".xml": "application/xml",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".wasm": "application/wasm",
  ".pdf": "application/pdf",
  ".mp3": "audio/mpeg",
  ".mp4": "video/mp4",
  ".webm": "video/webm",
};

/** Pages of the library, where an app's page for unknown paths must not stand in. */
const libraryPaths = "/_sessile/*";

export const noSite: SiteData = { files: [], spa: false, workerFirst: [], workerFirstExcept: [] };

/**
 * The files to serve, known in full before the start: a request for anything else never touches the disk, so there
 * is no path to climb. Dot files, `_headers` and `_redirects` are settings, not files.
 *
 * @throws ServeError `bad_option` when the directory cannot be read
 */
export function readSite(options: AssetOptions): SiteData {
  const root = resolve(options.directory);
  const patterns = options.workerFirst === true ? ["/*"] : [libraryPaths, ...(options.workerFirst || [])];
  return {
    files: listFiles(root).map((file) => [`/${file}`, describeFile(root, file)]),
    spa: options.spa ?? true,
    workerFirst: patterns.filter((pattern) => !pattern.startsWith("!")).map(patternSource),
    workerFirstExcept: patterns
      .filter((pattern) => pattern.startsWith("!"))
      .map((pattern) => patternSource(pattern.slice(1))),
  };
}

function listFiles(root: string): string[] {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((file) => !/(^|\/)\./.test(file) && file !== "_headers" && file !== "_redirects")
      .sort();
  } catch (error) {
    throw new ServeError(
      "bad_option",
      `The assets folder ${root} cannot be read. Build it first, or choose another with --assets.`,
      {},
      error,
    );
  }
}

function describeFile(root: string, file: string): StaticFile {
  const content = readFileSync(join(root, file));
  return {
    path: `/${file.split("/").map(encodeURIComponent).join("/")}`,
    type: contentTypes[extname(file).toLowerCase()] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
    bytes: content.length,
    immutable: hasHash(file),
  };
}

/** `assets/index-DiwrgTda.js` as Vite writes it: a hash, told from a word by a digit or mixed case. */
function hasHash(file: string): boolean {
  // The scripts of kinds' pages (`bundledPagePath`): a kind's name may look like one, and its address never changes.
  if (file.startsWith("assets/sessions/")) return false;
  const hash = /(?:^|\/)assets\/.*[-.]([\w-]{8,})\.\w+$/.exec(file)?.[1];
  return hash !== undefined && (/\d/.test(hash) || (/[a-z]/.test(hash) && /[A-Z]/.test(hash)));
}

/** A pattern where `*` stands for anything, as a regular expression's source. */
function patternSource(pattern: string): string {
  return `^${pattern
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*")}$`;
}
