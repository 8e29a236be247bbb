import { readFlags } from "./read-flags.ts";

export interface GenerateFlags {
  readonly root: string;
  readonly allowDelete: boolean;
  readonly check: boolean;
}

type GenerateCommand =
  | { readonly name: "generate"; readonly flags: GenerateFlags }
  | { readonly name: "help"; readonly text: string };

const generateHelp = `sessile generate: bring what follows from sessions/ up to date

Reads sessions/**/session.ts and writes .sessions/ (Worker, types, hooks), sessions.lock.json (commit it), and the bindings and
migrations in wrangler.jsonc.

  --root PATH      the project's folder (default: this one)
  --check          write nothing; fail if something is out of date
  --allow-delete   kinds that are gone take the storage of all their sessions with them
  --help           print this
`;

const options = {
  root: { type: "string" },
  check: { type: "boolean" },
  "allow-delete": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** @throws UsageError */
export function parseGenerate(args: readonly string[]): GenerateCommand {
  const values = readFlags("generate", args, options);
  if (values.help) return { name: "help", text: generateHelp };
  return {
    name: "generate",
    flags: {
      root: values.root ?? ".",
      allowDelete: values["allow-delete"] ?? false,
      check: values.check ?? false,
    },
  };
}
