import { parseArgs } from "node:util";
import { readFlags } from "./read-flags.ts";
import { UsageError } from "./usage-error.ts";

export interface NewFlags {
  readonly folder: string;
}

export interface ProjectFlags {
  readonly root: string;
}

export interface PreflightFlags extends ProjectFlags {
  /** Say what stands in the way, and let it be. */
  readonly force: boolean;
  /** That everybody may do everything is meant. */
  readonly open: boolean;
}

export type ProjectCommand =
  | { readonly name: "new"; readonly flags: NewFlags }
  | { readonly name: "migrate"; readonly flags: ProjectFlags }
  | { readonly name: "preflight"; readonly flags: PreflightFlags }
  | { readonly name: "help"; readonly text: string };

const newHelp = `sessile new: make a project

  sessile new FOLDER    a kind with a page, types and a configuration, in a folder that is empty or not there yet; "." is this
                        one, which may have a package.json: what it says stays
`;

const rootHelp = "  --root PATH   the project's folder (default: this one)\n  --help        print this\n";

const migrateHelp = `sessile migrate: show what becomes of the classes' storage

Writes nothing. Shows the migrations of sessions.lock.json, then those that \`sessile generate\` would add to them.

${rootHelp}`;

const preflightHelp = `sessile preflight: find what stands in the way of a deploy

Writes nothing, and fails with the list: what is out of date, bindings that are missing or whose ids are placeholders, classes without a
migration, kinds that would lose their storage, options that let everybody do everything; in a git repository also what is not committed, not pushed or not pulled.

  --force       print the list, and succeed all the same
  --open        everybody may do everything, and that is meant
${rootHelp}`;

/** @throws UsageError */
export function parseNew(args: readonly string[]): ProjectCommand {
  const { values, positionals } = readNew(args);
  if (values.help) return { name: "help", text: newHelp };
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0)
    throw new UsageError("Name one folder: sessile new my-agent, or sessile new . for this one.");
  return { name: "new", flags: { folder } };
}

const rootOptions = { root: { type: "string" }, help: { type: "boolean", short: "h" } } as const;

/** @throws UsageError */
export function parseMigrate(args: readonly string[]): ProjectCommand {
  const { help, root = "." } = readFlags("migrate", args, rootOptions);
  return help ? { name: "help", text: migrateHelp } : { name: "migrate", flags: { root } };
}

/** @throws UsageError */
export function parsePreflight(args: readonly string[]): ProjectCommand {
  const values = readFlags("preflight", args, {
    ...rootOptions,
    force: { type: "boolean" },
    open: { type: "boolean" },
  });
  const { help, root = ".", force = false, open = false } = values;
  return help ? { name: "help", text: preflightHelp } : { name: "preflight", flags: { root, force, open } };
}

function readNew(args: readonly string[]) {
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(". ")[0]}. Run: sessile new --help`);
  }
}
