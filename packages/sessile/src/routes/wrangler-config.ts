import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import * as z from "zod";
import { bindingOf } from "./class-name.ts";
import { GenerateError } from "./generate-error.ts";
import { appendEntry, formatEntry, removeEntry } from "./jsonc-entries.ts";
import type { Lockfile, LockMigration } from "./lockfile.ts";
import type { Manifest } from "./manifest.ts";
import { outputFolder, type SourceFile } from "./source-file.ts";
import { workerEntryPath } from "./worker-entry.ts";

const names = z.array(z.string()).optional();
const binding = z.looseObject({
  name: z.string(),
  class_name: z.string(),
  script_name: z.string().optional(),
});
const migration = z.looseObject({
  tag: z.string(),
  new_classes: names,
  new_sqlite_classes: names,
  renamed_classes: z.array(z.object({ from: z.string(), to: z.string() })).optional(),
  deleted_classes: names,
});
/** The part of the configuration that is ours to keep up to date, or to look at before a deploy. */
const schema = z.looseObject({
  main: z.string().optional(),
  assets: z.unknown().optional(),
  durable_objects: z.looseObject({ bindings: z.array(binding).optional() }).optional(),
  migrations: z.array(migration).optional(),
  compatibility_date: z.string().optional(),
  d1_databases: z
    .array(z.looseObject({ binding: z.string(), database_id: z.string().optional() }))
    .optional(),
});

type Binding = z.output<typeof binding>;
type Migration = z.output<typeof migration>;
type Config = z.output<typeof schema>;

/** What a configuration begins with where there is none; the name and the date are the user's to change. */
const firstConfig = {
  name: "sessions",
  main: workerEntryPath,
  compatibility_date: "2026-11-01",
};

/**
 * Classes with storage that all migrations leave and no kind has: the configuration's own made them.
 *
 * @throws GenerateError `invalid_config`
 */
export function ownClasses(file: SourceFile, lock: Lockfile): ReadonlySet<string> {
  const present = readConfig(file).migrations ?? [];
  const classes = classesLeft([...present, ...newMigrations(file.path, present, lock)]);
  const ofKinds = Object.values(lock.classes);
  return new Set([...classes].filter((name) => !ofKinds.includes(name)));
}

/** Classes with storage after these migrations. */
export function classesLeft(migrations: readonly Migration[]): ReadonlySet<string> {
  const classes = new Set<string>();
  for (const each of migrations) {
    for (const name of each.deleted_classes ?? []) classes.delete(name);
    for (const { from, to } of each.renamed_classes ?? []) if (classes.delete(from)) classes.add(to);
    for (const name of [...(each.new_classes ?? []), ...(each.new_sqlite_classes ?? [])]) classes.add(name);
  }
  return classes;
}

/**
 * The configuration with the kinds' bindings and migrations; everything else in it, comments too, stays as it is.
 *
 * @throws GenerateError `invalid_config`, `duplicate`
 */
export function mergeConfig(file: SourceFile | null, manifest: Manifest, lock: Lockfile): SourceFile {
  if (file === null)
    return mergeConfig(
      { path: "wrangler.jsonc", text: `${JSON.stringify(firstConfig, null, 2)}\n` },
      manifest,
      lock,
    );
  const config = readConfig(file);
  let { text } = file;
  if (config.main === undefined) text = appendEntry(text, [], `"main": ${JSON.stringify(workerEntryPath)}`);
  if (config.assets === undefined && manifest.kinds.some(({ page }) => page !== null))
    text = appendEntry(text, [], `"assets": { "directory": "${outputFolder}/assets" }`);
  text = mergeBindings({ path: file.path, text }, config, manifest, lock);
  const missing = newMigrations(file.path, config.migrations ?? [], lock);
  if (missing.length > 0 && !config.migrations) text = appendEntry(text, [], '"migrations": []');
  for (const each of missing) text = appendEntry(text, ["migrations"], formatEntry(each));
  return { path: file.path, text };
}

const bindingsPath = ["durable_objects", "bindings"];

/** One at a time, so that comments between the user's own entries stay. */
function mergeBindings(file: SourceFile, config: Config, manifest: Manifest, lock: Lockfile): string {
  const wanted = manifest.kinds.map(({ binding: name, className }) => ({ name, class_name: className }));
  const present = config.durable_objects?.bindings ?? [];
  const former = formerBindings(lock);
  const kept = new Set<string>();
  let { text } = file;
  for (const [index, entry] of [...present.entries()].reverse()) {
    const same = wanted.find(({ name }) => name === entry.name);
    if (same?.class_name === entry.class_name) kept.add(entry.name);
    else if (former.has(bindingKey(entry.name, entry.class_name)))
      text = removeEntry(text, bindingsPath, index);
    else if (same) throw boundOtherwise(file.path, entry, manifest);
  }
  const added = wanted.filter(({ name }) => !kept.has(name));
  if (added.length > 0 && !config.durable_objects) text = appendEntry(text, [], '"durable_objects": {}');
  if (added.length > 0 && !config.durable_objects?.bindings)
    text = appendEntry(text, ["durable_objects"], '"bindings": []');
  for (const entry of added) text = appendEntry(text, bindingsPath, formatEntry(entry));
  return text;
}

function boundOtherwise(path: string, entry: Binding, { kinds }: Manifest): GenerateError {
  const kind = kinds.find(({ binding }) => binding === entry.name);
  const file = kind?.file ?? "";
  return new GenerateError(
    "duplicate",
    `${path} binds ${entry.name} to ${entry.class_name}, and ${file} needs it for ${kind?.className}. Rename one.`,
    [path, file],
  );
}

/** Bindings of every class that was ever ours: these may be taken away. Classes whose names differ in capitals share one's name. */
function formerBindings({ migrations }: Lockfile): ReadonlySet<string> {
  const classes = migrations.flatMap(({ created = {}, adopted = {}, renamed }) => [
    ...Object.values(created),
    ...Object.values(adopted),
    ...(renamed ? [renamed.from, renamed.to] : []),
  ]);
  return new Set(classes.map((className) => bindingKey(bindingOf(className), className)));
}

function bindingKey(name: string, className: string): string {
  return `${name} ${className}`;
}

/** @throws GenerateError `invalid_config` if a tag means something else there, or those there are were reordered */
function newMigrations(file: string, present: readonly Migration[], lock: Lockfile): readonly Migration[] {
  const wanted = lock.migrations.flatMap(toWrangler);
  const ours = present.filter(({ tag }) => wanted.some((each) => each.tag === tag));
  for (const [index, each] of ours.entries())
    if (JSON.stringify(each) !== JSON.stringify(wanted[index]))
      throw new GenerateError(
        "invalid_config",
        `${file}: the migration "${each.tag}" is not what the lockfile says. Migrations are only appended: restore it.`,
        [file],
      );
  return wanted.slice(ours.length);
}

/** Adopted classes have their migration already. */
function toWrangler({ tag, created, renamed, deleted }: LockMigration): readonly Migration[] {
  if (created) return [{ tag, new_sqlite_classes: Object.values(created) }];
  if (renamed) return [{ tag, renamed_classes: [{ from: renamed.from, to: renamed.to }] }];
  return deleted ? [{ tag, deleted_classes: Object.values(deleted) }] : [];
}

/** @throws GenerateError `invalid_config` */
export function readConfig({ path, text }: SourceFile): Config {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) {
    const line = text.slice(0, first.offset).split("\n").length;
    throw invalidConfig(path, `line ${line} is not JSON: ${printParseErrorCode(first.error)}`);
  }
  const config = schema.safeParse(value);
  if (!config.success) throw invalidConfig(path, z.prettifyError(config.error));
  return config.data;
}

function invalidConfig(path: string, what: string): GenerateError {
  return new GenerateError("invalid_config", `${path} is not a valid configuration: ${what}.`, [path]);
}
