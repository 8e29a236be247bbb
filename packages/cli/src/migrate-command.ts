import { resolve } from "node:path";
import { type LockMigration, previewMigrations } from "sessile/routes";
import type { ProjectFlags } from "./project-flags.ts";

/** Shows the classes' migrations, those that are still to be generated last. Writes nothing. */
export function runMigrate({ root }: ProjectFlags): void {
  const { recorded, added } = previewMigrations(resolve(root));
  const lines = [...recorded.flatMap(describe), ...added.flatMap(describe).map((line) => `${line}  (new)`)];
  const destroys = added.some(({ deleted }) => deleted);
  const command = `sessile generate${destroys ? " --allow-delete" : ""}`;
  lines.push(
    added.length === 0
      ? "Nothing is to be generated. A deploy applies those that it has not applied before."
      : `Nothing was written. \`${command}\` writes what is new, and the next deploy applies it.`,
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}

function describe({ tag, created, adopted, renamed, deleted }: LockMigration): readonly string[] {
  const each = (
    classes: Readonly<Record<string, string>> = {},
    words: (kind: string, of: string) => string,
  ) => Object.entries(classes).map(([kind, className]) => `${tag}  ${words(kind, className)}`);
  return [
    ...each(created, (kind, of) => `makes the class ${of} for the kind ${kind}`),
    ...each(adopted, (kind, of) => `takes over the class ${of} for the kind ${kind}, with its sessions`),
    ...(renamed
      ? [`${tag}  renames ${renamed.from} to ${renamed.to}: the sessions of ${renamed.kind} keep their data`]
      : []),
    ...each(deleted, (kind, of) => `deletes the class ${of}: destroys all sessions of ${kind}`),
  ];
}
