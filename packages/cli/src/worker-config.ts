import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { ParseError } from "jsonc-parser";
import { parse, printParseErrorCode } from "jsonc-parser";
import type {
  AssetOptions,
  ClassRename,
  DurableObjectBinding,
  JsonValue,
  WorkflowBinding,
} from "sessile/node";
import * as z from "zod";
import { UsageError } from "./usage-error.ts";

/** What the embedded server needs of a wrangler configuration; paths are absolute. */
export interface WorkerConfig {
  readonly main: string | undefined;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly durableObjects: Readonly<Record<string, DurableObjectBinding>>;
  readonly renamedClasses: readonly ClassRename[];
  readonly d1: readonly string[];
  readonly r2: readonly string[];
  readonly workflows: Readonly<Record<string, WorkflowBinding>>;
  readonly workerLoaders: readonly string[];
  readonly vars: Readonly<Record<string, JsonValue>>;
  readonly assets: AssetOptions | undefined;
  readonly define: Readonly<Record<string, string>>;
}

const names = z.array(z.string()).default([]);

/** The part of wrangler's format that means something here; the rest is for the cloud. */
const schema = z.object({
  main: z.string().optional(),
  compatibility_date: z.string(),
  compatibility_flags: names,
  durable_objects: z
    .object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })).default([]) })
    .default({ bindings: [] }),
  migrations: z
    .array(
      z.object({
        new_classes: names,
        renamed_classes: z.array(z.object({ from: z.string(), to: z.string() })).default([]),
      }),
    )
    .default([]),
  d1_databases: z.array(z.object({ binding: z.string() })).default([]),
  r2_buckets: z.array(z.object({ binding: z.string() })).default([]),
  workflows: z.array(z.object({ binding: z.string(), name: z.string(), class_name: z.string() })).default([]),
  worker_loaders: z.array(z.object({ binding: z.string() })).default([]),
  vars: z.record(z.string(), z.json()).default({}),
  define: z.record(z.string(), z.string()).default({}),
  assets: z
    .object({
      directory: z.string().optional(),
      binding: z.string().optional(),
      not_found_handling: z.string().optional(),
      run_worker_first: z.union([z.boolean(), z.array(z.string())]).optional(),
    })
    .optional(),
});

type Parsed = z.output<typeof schema>;

const candidates = ["wrangler.jsonc", "wrangler.json"];

/** The configuration to use: the one named, or the one in the folder. */
export function findConfig(named: string | undefined, folder: string): string {
  if (named !== undefined) {
    const file = resolve(folder, named);
    if (existsSync(file)) return file;
    throw new UsageError(`There is no configuration at ${file}.`);
  }
  const file = candidates.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file !== undefined) return file;
  throw new UsageError(`There is no wrangler.jsonc in ${folder}. Name one with --config.`);
}

/**
 * Reads a configuration, and the secrets in `.dev.vars` beside it.
 *
 * @throws UsageError that says where it is wrong
 */
export function readConfig(file: string): WorkerConfig {
  const folder = dirname(file);
  const parsed = schema.safeParse(parseJsonc(readFileSync(file, "utf8"), file));
  if (!parsed.success) {
    throw new UsageError(`${file} is not a valid configuration:\n${z.prettifyError(parsed.error)}`);
  }
  const config = parsed.data;
  return {
    main: config.main === undefined ? undefined : resolve(folder, config.main),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: durableObjects(config),
    renamedClasses: config.migrations.flatMap((migration) => migration.renamed_classes),
    d1: config.d1_databases.map(({ binding }) => binding),
    r2: config.r2_buckets.map(({ binding }) => binding),
    workflows: Object.fromEntries(
      config.workflows.map(({ binding, name, class_name: className }) => [binding, { name, className }]),
    ),
    workerLoaders: config.worker_loaders.map(({ binding }) => binding),
    vars: { ...config.vars, ...readDevVars(folder) },
    assets: assets(config, folder),
    define: config.define,
  };
}

/** @throws UsageError */
export function mainOf({ main }: WorkerConfig): string {
  if (main !== undefined) return main;
  throw new UsageError(`The configuration has no "main". Add it, or give a bundled Worker with --worker.`);
}

function parseJsonc(text: string, file: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return value;
  const line = text.slice(0, first.offset).split("\n").length;
  throw new UsageError(`${file}:${line} is not JSON: ${printParseErrorCode(first.error)}.`);
}

function durableObjects({ durable_objects, migrations }: Parsed): Record<string, DurableObjectBinding> {
  const keyValueBacked = new Set(migrations.flatMap((migration) => migration.new_classes));
  return Object.fromEntries(
    durable_objects.bindings.map(({ name, class_name: className }) => [
      name,
      { className, useSQLite: !keyValueBacked.has(className) },
    ]),
  );
}

function assets({ assets }: Parsed, folder: string): AssetOptions | undefined {
  if (assets?.directory === undefined) return undefined;
  return {
    directory: resolve(folder, assets.directory),
    spa: assets.not_found_handling === "single-page-application",
    ...(assets.run_worker_first === undefined ? {} : { workerFirst: assets.run_worker_first }),
    ...(assets.binding === undefined ? {} : { binding: assets.binding }),
  };
}

function readDevVars(folder: string): Record<string, string> {
  const file = join(folder, ".dev.vars");
  if (!existsSync(file)) return {};
  return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
}
