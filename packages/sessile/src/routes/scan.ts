import { reservedRoutes } from "../protocol/ids.ts";
import { GenerateError } from "./generate-error.ts";
import { readSessionSource } from "./session-source.ts";
import { type SourceFile, sourceFolder } from "./source-file.ts";

/** A kind as its folder describes it. */
export interface ScannedRoute {
  readonly file: string;
  /** Its address: the folders' names without groups, as in `teams/board`. */
  readonly route: string;
  readonly className: string;
  readonly kind: string;
  /** Files of the middleware it lies behind, root first. */
  readonly middleware: readonly string[];
  /** The page shown to a browser. */
  readonly page: string | null;
}

export interface ScannedFolder {
  readonly routes: readonly ScannedRoute[];
  /** `sessions/options.ts`: what `createSessile` gets beside the kinds. */
  readonly options: string | null;
}

const sessionFile = "session.ts";
const middlewareFile = "middleware.ts";
const pageFile = "page.tsx";
export const optionsPath = `${sourceFolder}/options.ts`;

/** Names of files that mean something; the rest of the folder is the kinds' own code. */
export const conventionalFiles: ReadonlySet<string> = new Set([
  sessionFile,
  middlewareFile,
  pageFile,
  "options.ts",
]);

/** Names of generated modules beside the hooks, which a route would take. */
const generatedNames: ReadonlySet<string> = new Set(["env", "worker", "pages"]);
const groupPattern = /^\(([a-z0-9]+(?:-[a-z0-9]+)*)\)$/;
const segmentPattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * Every kind of a folder, in the order of their files' paths.
 *
 * @throws GenerateError `invalid_source`, `invalid_route`, `reserved`
 */
export function scanRoutes(files: readonly SourceFile[]): ScannedFolder {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const paths = [...byPath.keys()].filter((path) => path.startsWith(`${sourceFolder}/`)).sort();
  for (const path of paths) {
    if (path.endsWith(`/${pageFile}`) && !byPath.has(`${folderOf(path)}/${sessionFile}`))
      throw new GenerateError(
        "invalid_route",
        `${path} shows no kind: there is no ${sessionFile} beside it.`,
        [path],
      );
  }
  const routes = paths
    .filter((path) => path.endsWith(`/${sessionFile}`))
    .flatMap((path) => {
      const file = byPath.get(path);
      return file ? [scanRoute(file, byPath)] : [];
    });
  return { routes, options: byPath.has(optionsPath) ? optionsPath : null };
}

function scanRoute(file: SourceFile, files: ReadonlyMap<string, SourceFile>): ScannedRoute {
  const folder = folderOf(file.path);
  const page = `${folder}/${pageFile}`;
  return {
    file: file.path,
    route: routeOf(file.path, folder.split("/").slice(1)),
    ...readSessionSource(file),
    middleware: foldersTo(folder)
      .map((each) => `${each}/${middlewareFile}`)
      .filter((path) => files.has(path)),
    page: files.has(page) ? page : null,
  };
}

function routeOf(file: string, folders: readonly string[]): string {
  const segments = folders.filter((folder) => !groupPattern.test(folder));
  const [first] = segments;
  if (first === undefined)
    throw new GenerateError("invalid_route", `${file} has no address: put it into a folder named for it.`, [
      file,
    ]);
  for (const segment of segments) {
    if (segment.startsWith("_"))
      throw new GenerateError("reserved", `${file}: names beginning with "_" are reserved.`, [file]);
    if (!segmentPattern.test(segment))
      throw new GenerateError(
        "invalid_route",
        `${file}: "${segment}" is no route. Use lower-case letters, digits and single hyphens, or (name) for a group.`,
        [file],
      );
  }
  if (reservedRoutes.has(first) || generatedNames.has(first))
    throw new GenerateError("reserved", `${file}: "${first}" is a reserved route. Rename the folder.`, [
      file,
    ]);
  return segments.join("/");
}

/** `sessions/(a)/b` lies in `sessions`, `sessions/(a)` and itself. */
function foldersTo(folder: string): readonly string[] {
  const segments = folder.split("/");
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
