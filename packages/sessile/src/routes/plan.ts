import { advanceLock } from "./lock-diff.ts";
import { emptyLock, formatLock, type LockMigration, parseLock } from "./lockfile.ts";
import { createManifest, type Manifest } from "./manifest.ts";
import { pageEntry, pageEntryPath, pagesModule, pagesModulePath } from "./pages.ts";
import { scanRoutes } from "./scan.ts";
import { lockPath, outputFolder, type SourceFile } from "./source-file.ts";
import { environmentModule, hookModule, hookPath, pathsConfig } from "./typed-modules.ts";
import { workerEntry, workerEntryPath } from "./worker-entry.ts";
import { mergeConfig, ownClasses } from "./wrangler-config.ts";

/** Everything that generation depends on. */
export interface Project {
  /** At least the conventional files below `sessions/`. */
  readonly sources: readonly SourceFile[];
  readonly lock: SourceFile | null;
  /** wrangler.jsonc or wrangler.json. */
  readonly config: SourceFile | null;
}

export interface Plan {
  readonly manifest: Manifest;
  /** What the project's files should hold, the lockfile first. */
  readonly files: readonly SourceFile[];
  /** What the lockfile said, and what is added to it. */
  readonly migrations: {
    readonly recorded: readonly LockMigration[];
    readonly added: readonly LockMigration[];
  };
}

/**
 * What follows from a project's folder: scan, manifest, lockfile, modules. Equal projects give equal plans, and a project
 * that a plan was applied to gives the same plan again.
 *
 * @throws GenerateError
 */
export function planGeneration(
  { sources, lock: lockFile, config }: Project,
  { allowDelete = false }: { readonly allowDelete?: boolean } = {},
): Plan {
  const manifest = createManifest(scanRoutes(sources));
  const former = lockFile ? parseLock(lockFile.text) : emptyLock;
  const existing = config ? ownClasses(config, former) : new Set<string>();
  const lock = advanceLock(former, manifest, { allowDelete, existing });
  const shown = manifest.kinds.flatMap((kind) => (kind.page === null ? [] : [{ ...kind, page: kind.page }]));
  const files = [
    { path: lockPath, text: formatLock(lock) },
    mergeConfig(config, manifest, lock),
    { path: workerEntryPath, text: workerEntry(manifest) },
    { path: `${outputFolder}/env.ts`, text: environmentModule(manifest) },
    { path: `${outputFolder}/tsconfig.json`, text: pathsConfig() },
    ...manifest.kinds.map((kind) => ({ path: hookPath(kind), text: hookModule(kind) })),
    ...(shown.length === 0 ? [] : [{ path: pagesModulePath, text: pagesModule(manifest) }]),
    ...shown.map((kind) => ({ path: pageEntryPath(kind), text: pageEntry(kind) })),
  ];
  const recorded = former.migrations;
  return { manifest, files, migrations: { recorded, added: lock.migrations.slice(recorded.length) } };
}
