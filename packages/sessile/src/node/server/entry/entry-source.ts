import { inspectorBinding } from "../inspector-page.ts";
import { problem, refusal, withoutForgedHeaders } from "./request-guard.ts";
import type { StaticFile } from "./static-files.ts";
import { fileAt, findFile, isCurrent, offerInspector, pathOf, sendFile, wantsPage } from "./static-files.ts";
import { noFetch, wrapClass, wrapHandler, wrapObject } from "./wrap-handler.ts";

/** Module name of the user's bundle beside the entry. */
export const userModule = "worker.js";
/** Binding to the disk service with the static files. */
export const diskBinding = "SESSILE_DISK";
/** Entrypoint through which a Worker fetches its own static files. */
export const filesEntrypoint = "SessileFiles";

/** `StaticSite` as JSON can carry it: patterns as sources. */
export interface SiteData {
  readonly files: readonly (readonly [path: string, file: StaticFile])[];
  readonly spa: boolean;
  readonly workerFirst: readonly string[];
  readonly workerFirstExcept: readonly string[];
}

/**
 * The main module: it guards and serves files, then calls the user's Worker, which is a module of the same isolate.
 * A Worker of its own in front would cost a hop for every request and WebSocket message; this costs a few microseconds.
 */
export function entrySource(allowed: readonly string[], site: SiteData, classes: readonly string[]): string {
  return `
import { WorkerEntrypoint } from "cloudflare:workers";
import * as user from "./${userModule}";
export * from "./${userModule}";

${sentFunctions.map(String).join("\n\n")}

// workerd only warns of a class that is not there, and fails every call (2026-11).
for (const name of ${JSON.stringify(classes)}) {
  if (typeof user[name] !== "function") throw new Error("The Worker does not export the class " + name + ".");
}

const allowed = new Set(${JSON.stringify(allowed)});
const site = ${JSON.stringify(site)};
site.files = new Map(site.files);
site.workerFirst = site.workerFirst.map((source) => new RegExp(source));
site.workerFirstExcept = site.workerFirstExcept.map((source) => new RegExp(source));

export default wrapHandler(user.default, (request, env, next) => {
  const refused = refusal(request, allowed);
  if (refused !== undefined) return problem(403, "forbidden", "Forbidden", refused);
  const file = findFile(request, site);
  if (file) return sendFile(request, file, env.${diskBinding});
  const answered = next(withoutForgedHeaders(request));
  return env.${inspectorBinding} && pathOf(request.url) === "/" ? offerInspector(request, answered) : answered;
});

export class ${filesEntrypoint} extends WorkerEntrypoint {
  fetch(request) {
    const file = fileAt(request, pathOf(request.url), site);
    return file ? sendFile(request, file, this.env.${diskBinding}) : new Response("Not found\\n", { status: 404 });
  }
}
`;
}

/** Text of functions, so none of them may refer to an import: a test runner or bundler renames those. */
const sentFunctions = [
  refusal,
  problem,
  withoutForgedHeaders,
  findFile,
  fileAt,
  pathOf,
  wantsPage,
  sendFile,
  offerInspector,
  isCurrent,
  wrapHandler,
  wrapClass,
  wrapObject,
  noFetch,
];
