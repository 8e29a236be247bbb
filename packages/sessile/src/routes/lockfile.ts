import * as z from "zod";
import { GenerateError } from "./generate-error.ts";
import { lockPath } from "./source-file.ts";

const classes = z.record(z.string(), z.string());
const rename = z.object({ kind: z.string(), from: z.string(), to: z.string() });

/**
 * One step of the classes' history, as Cloudflare applies them: once each, in order. Exactly one of the changes is there.
 * Maps go from kind to class.
 */
const migration = z.strictObject({
  tag: z.string(),
  created: classes.optional(),
  /** Classes whose storage the configuration's own migrations made. */
  adopted: classes.optional(),
  renamed: rename.optional(),
  deleted: classes.optional(),
});
const lockfile = z.strictObject({ version: z.literal(1), migrations: z.array(migration), classes });

export type LockMigration = z.output<typeof migration>;

/** `sessions.lock.json`: committed, and only appended to. A kind is known by its name, whatever its class is called. */
export type Lockfile = z.output<typeof lockfile>;

export const emptyLock: Lockfile = { version: 1, migrations: [], classes: {} };

/** @throws GenerateError `invalid_lock` */
export function parseLock(text: string): Lockfile {
  const lock = lockfile.safeParse(parseJson(text));
  if (!lock.success) throw invalidLock(`is not a lockfile: ${z.prettifyError(lock.error)}`);
  const { migrations } = lock.data;
  const tags = migrations.map(({ tag }) => tag);
  const wrong = tags.find((tag, index) => tag !== tagAt(index));
  if (wrong !== undefined) throw invalidLock(`has "${wrong}" out of its order`);
  if (formatClasses(foldClasses(migrations)) !== formatClasses(new Map(Object.entries(lock.data.classes))))
    throw invalidLock("has classes that do not follow from its migrations");
  return lock.data;
}

export function formatLock({ version, migrations, classes }: Lockfile): string {
  return `${JSON.stringify({ version, migrations, classes }, null, 2)}\n`;
}

/** The tag of the migration at `index`, unlike any a person would choose. */
export function tagAt(index: number): string {
  return `sessions-${String(index + 1).padStart(4, "0")}`;
}

/** Kind to class, after all migrations. @throws GenerateError `invalid_lock` if one does not fit what was before it */
export function foldClasses(migrations: readonly LockMigration[]): ReadonlyMap<string, string> {
  const folded = new Map<string, string>();
  for (const { tag, created = {}, adopted = {}, renamed, deleted = {} } of migrations) {
    for (const [kind, className] of Object.entries(deleted))
      if (folded.get(kind) !== className || !folded.delete(kind)) throw misfit(tag);
    if (renamed) {
      if (folded.get(renamed.kind) !== renamed.from) throw misfit(tag);
      folded.set(renamed.kind, renamed.to);
    }
    for (const [kind, className] of Object.entries({ ...created, ...adopted })) {
      if (folded.has(kind)) throw misfit(tag);
      folded.set(kind, className);
    }
  }
  return folded;
}

function misfit(tag: string): GenerateError {
  return invalidLock(`has a migration "${tag}" that does not fit those before it`);
}

function invalidLock(what: string): GenerateError {
  return new GenerateError("invalid_lock", `${lockPath} ${what}. Restore it from version control.`, [
    lockPath,
  ]);
}

function formatClasses(classes: ReadonlyMap<string, string>): string {
  return JSON.stringify([...classes].sort());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidLock("is not JSON");
  }
}
