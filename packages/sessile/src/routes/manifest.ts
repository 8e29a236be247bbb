import { assertSessionAddress } from "../protocol/ids.ts";
import { bindingOf } from "./class-name.ts";
import { GenerateError } from "./generate-error.ts";
import type { ScannedFolder, ScannedRoute } from "./scan.ts";

/** A kind with everything that follows from its folder. */
export interface ManifestKind extends ScannedRoute {
  readonly binding: string;
}

/** What is generated follows from this alone, and from the lockfile. */
export interface Manifest {
  /** Sorted by kind, so that equal folders give equal output. */
  readonly kinds: readonly ManifestKind[];
  readonly options: string | null;
}

/** @throws GenerateError `duplicate`, `reserved`, `invalid_source` */
export function createManifest({ routes, options }: ScannedFolder): Manifest {
  const kinds = routes
    .map((route) => ({ ...route, binding: bindingOf(route.className) }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
  for (const kind of kinds) assertKind(kind);
  assertUnique(kinds, "kind");
  assertUnique(kinds, "route");
  assertUnique(kinds, "binding");
  return { kinds, options };
}

function assertKind({ kind, binding, className, file }: ManifestKind): void {
  try {
    assertSessionAddress(kind, "default");
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GenerateError("invalid_source", `${file}: "${kind}" is not a kind. ${reason}`, [file]);
  }
  if (kind === "stream")
    throw new GenerateError("reserved", `${file}: the kind "stream" means streams outside sessions.`, [file]);
  if (binding.startsWith("SESSILE_") || binding === "ASSETS")
    throw new GenerateError("reserved", `${file}: ${className} would take the reserved binding ${binding}.`, [
      file,
    ]);
}

function assertUnique(kinds: readonly ManifestKind[], field: "kind" | "route" | "binding"): void {
  const files = new Map<string, string>();
  for (const entry of kinds) {
    const other = files.get(entry[field]);
    if (other !== undefined)
      throw new GenerateError(
        "duplicate",
        `${other} and ${entry.file} share the ${field} "${entry[field]}". Rename one.`,
        [other, entry.file],
      );
    files.set(entry[field], entry.file);
  }
}
