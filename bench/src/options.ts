import { parseArgs } from "node:util";

export interface Options {
  /** Where to write the figures as JSON. */
  readonly json: string | null;
  /** Where to write the report: a Markdown file; its charts and raw data go into a folder of the same name. */
  readonly report: string | null;
  /** Figures whose name is one of these or begins with it, or which measure one of these; all when empty. */
  readonly only: readonly string[];
  /** Fewer rounds and smaller sessions: shows that everything runs, not how fast it is. */
  readonly quick: boolean;
}

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "string" },
      only: { type: "string" },
      report: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  return {
    json: values.json ?? null,
    report: values.report ?? null,
    only: values.only?.split(",").filter(Boolean) ?? [],
    quick: values.quick,
  };
}

export function isWanted(name: string, only: readonly string[]): boolean {
  return (
    only.length === 0 ||
    only.some((wanted) => `${name}/`.startsWith(`${wanted}/`) || wanted.startsWith(`${name}/`))
  );
}
