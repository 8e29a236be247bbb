import { GenerateError } from "./generate-error.ts";
import { foldClasses, type Lockfile, type LockMigration, tagAt } from "./lockfile.ts";
import type { Manifest } from "./manifest.ts";
import { lockPath } from "./source-file.ts";

export interface LockChanges {
  /** Deleting a class destroys the storage of all its sessions. */
  readonly allowDelete?: boolean;
  /** Classes that the configuration's own migrations have made: they are taken over with their storage. */
  readonly existing?: ReadonlySet<string>;
}

type Change = Omit<LockMigration, "tag">;

/**
 * The lockfile with what changed since: deletions first, then renames, then new classes, so that a name that became free
 * can be taken in the same run.
 *
 * @throws GenerateError `storage_deletion`, `class_cycle`
 */
export function advanceLock(lock: Lockfile, { kinds }: Manifest, changes: LockChanges = {}): Lockfile {
  const before = foldClasses(lock.migrations);
  const after = new Map(kinds.map(({ kind, className }) => [kind, className]));
  const deleted = [...before].filter(([kind]) => !after.has(kind));
  if (deleted.length > 0 && !changes.allowDelete) throw refuseDeletion(deleted);
  const added = [...after].filter(([kind]) => !before.has(kind));
  const existing = changes.existing ?? new Set();
  const steps: readonly Change[] = [
    ...present("deleted", deleted),
    ...orderRenames(before, after).map((renamed) => ({ renamed })),
    ...present(
      "adopted",
      added.filter(([, className]) => existing.has(className)),
    ),
    ...present(
      "created",
      added.filter(([, className]) => !existing.has(className)),
    ),
  ];
  const start = lock.migrations.length;
  const migrations = [
    ...lock.migrations,
    ...steps.map((step, index) => ({ tag: tagAt(start + index), ...step })),
  ];
  return { version: 1, migrations, classes: Object.fromEntries([...foldClasses(migrations)].sort()) };
}

function present(change: "deleted" | "adopted" | "created", entries: readonly [string, string][]): Change[] {
  return entries.length === 0 ? [] : [{ [change]: Object.fromEntries(entries) }];
}

/** Each rename takes a name that nobody has at that moment. @throws GenerateError `class_cycle` */
function orderRenames(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly NonNullable<LockMigration["renamed"]>[] {
  let waiting = [...before].flatMap(([kind, from]) => {
    const to = after.get(kind);
    return to === undefined || to === from ? [] : [{ kind, from, to }];
  });
  const ordered: typeof waiting = [];
  while (waiting.length > 0) {
    const free = waiting.filter(({ to }) => waiting.every(({ from }) => from !== to));
    if (free.length === 0)
      throw new GenerateError(
        "class_cycle",
        `The kinds ${waiting.map(({ kind }) => kind).join(", ")} exchange their classes' names. Rename one to a third name, run generate, then go on.`,
        [lockPath],
      );
    ordered.push(...free);
    waiting = waiting.filter((rename) => !free.includes(rename));
  }
  return ordered;
}

function refuseDeletion(deleted: readonly [string, string][]): GenerateError {
  const gone = deleted.map(([kind, className]) => `${kind} (${className})`).join(", ");
  return new GenerateError(
    "storage_deletion",
    `These kinds are gone: ${gone}. Deploying that destroys the storage of all their sessions. ` +
      "Bring the folder back, or declare that `kind` in the class that it has become, or say: sessile generate --allow-delete",
    [lockPath],
  );
}
