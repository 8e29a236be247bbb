import { generate } from "./generate.ts";
import { GenerateError } from "./generate-error.ts";
import { readProject } from "./project-folder.ts";
import { outputFolder, type SourceFile } from "./source-file.ts";
import { classesLeft, readConfig } from "./wrangler-config.ts";

/** What would break a deploy, or destroy what is stored; each says what to do. Nothing is written. */
export function preflight(root: string): readonly string[] {
  try {
    const { changed } = generate({ root, check: true });
    const committed = changed.filter((path) => !path.startsWith(`${outputFolder}/`));
    const stale =
      committed.length === 0 ? [] : [`Out of date: ${committed.join(", ")}. Run: sessile generate`];
    const { config } = readProject(root);
    return [...stale, ...(config ? configProblems(config) : [])];
  } catch (thrown) {
    if (thrown instanceof GenerateError) return [thrown.message];
    throw thrown;
  }
}

/** What Cloudflare refuses in a configuration, or takes for something else than it means. @throws GenerateError `invalid_config` */
export function configProblems(file: SourceFile): readonly string[] {
  const config = readConfig(file);
  const classes = classesLeft(config.migrations ?? []);
  const bindings = config.durable_objects?.bindings ?? [];
  return [
    ...(config.compatibility_date === undefined ? [`${file.path} has no compatibility_date.`] : []),
    ...bindings
      .filter((each) => each.script_name === undefined && !classes.has(each.class_name))
      .map(
        ({ name, class_name: className }) =>
          `${file.path} binds ${name} to ${className}, and no migration leaves that class: add it to new_sqlite_classes of a new one.`,
      ),
    ...(config.d1_databases ?? [])
      .filter(({ database_id: id }) => id !== undefined && !isDatabaseId(id))
      .map(
        ({ binding, database_id: id }) =>
          `${file.path}: "${id}" is no database_id of ${binding}. Take it from \`wrangler d1 list\`, or leave it out and wrangler makes the database.`,
      ),
  ];
}

/** A UUID; of zeros alone it is a placeholder. */
function isDatabaseId(id: string): boolean {
  return /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(id) && /[1-9a-f]/i.test(id);
}
