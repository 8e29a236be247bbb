import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HeldLog } from "./log.ts";
import type { ClassRename, DurableObjectBinding } from "./options.ts";
import { ServeError, systemCode } from "./serve-error.ts";

/** Which folder of databases belongs to a class, and the binding it was last known by. */
export interface ClassStorage {
  readonly key: string;
  readonly binding: string;
}

const fileName = "classes.json";

export type StorageKeys = ReadonlyMap<string, ClassStorage>;

/**
 * Gives every declared class its storage key. workerd finds an object's database by this key, which Miniflare makes
 * from Worker and class name unless told otherwise, so that renaming either started empty (seen 2026-11).
 *
 * A class keeps its key. A class never seen takes the key of the class it was renamed from: first by the declared
 * renames, then by the binding, if the class that had the binding is no longer declared.
 */
export function assignStorageKeys(
  known: StorageKeys,
  declared: Readonly<Record<string, DurableObjectBinding>>,
  renames: readonly ClassRename[],
): StorageKeys {
  const keys = new Map(known);
  const move = (from: string, to: string) => {
    const storage = keys.get(from);
    if (storage === undefined || keys.has(to)) return;
    keys.delete(from);
    keys.set(to, storage);
  };
  for (const { from, to } of renames) move(from, to);

  const classes = new Set(Object.values(declared).map(({ className }) => className));
  for (const [binding, { className }] of Object.entries(declared)) {
    const former = [...keys].find(([name, storage]) => storage.binding === binding && !classes.has(name));
    if (former) move(former[0], className);
    const storage = keys.get(className);
    if (!storage) keys.set(className, { key: freeKey(keys, className), binding });
    else if (declared[storage.binding]?.className !== className) keys.set(className, { ...storage, binding });
  }
  return keys;
}

function freeKey(keys: StorageKeys, className: string): string {
  const taken = new Set([...keys.values()].map(({ key }) => key));
  let key = className;
  for (let n = 2; taken.has(key); n += 1) key = `${className}-${n}`;
  return key;
}

/** What `classes.json` says, and of classes that it does not know yet what follows from the declared ones. */
export function findStorageKeys(
  dir: string,
  declared: Readonly<Record<string, DurableObjectBinding>>,
  renames: readonly ClassRename[],
  log: HeldLog,
): StorageKeys {
  const known = readKeys(join(dir, fileName));
  const keys = assignStorageKeys(known, declared, renames);
  for (const [className, { key }] of keys) {
    const [former] = [...known].find(([, storage]) => storage.key === key) ?? [className];
    if (former !== className)
      log.write("server", "info", `${className} carries on with the data of ${former}.`);
  }
  return keys;
}

/** Writes `classes.json`. Only for the holder of the lock. */
export function keepStorageKeys(dir: string, keys: StorageKeys): void {
  const file = join(dir, fileName);
  writeFileSync(`${file}.next`, `${JSON.stringify(Object.fromEntries(keys), null, 2)}\n`, { flush: true });
  renameSync(`${file}.next`, file);
}

function readKeys(file: string): StorageKeys {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return new Map();
    throw error;
  }
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record !== "object" || record === null) throw new Error("it is not an object");
    return new Map(Object.entries(record).map(([className, storage]) => [className, checkStorage(storage)]));
  } catch (error) {
    throw new ServeError(
      "bad_option",
      `${file} tells which data belongs to which class, and it cannot be read. Restore it from a backup.`,
      {},
      error,
    );
  }
}

function checkStorage(storage: unknown): ClassStorage {
  if (typeof storage === "object" && storage !== null && "key" in storage && "binding" in storage) {
    const { key, binding } = storage;
    if (typeof key === "string" && typeof binding === "string") return { key, binding };
  }
  throw new Error("an entry is not {key, binding}");
}
