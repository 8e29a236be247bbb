import type { Expression, ObjectExpression, Program } from "acorn";
import { parseSource, withoutTypes } from "./parse-source.ts";
import { readProject } from "./project-folder.ts";
import { optionsPath } from "./scan.ts";
import type { SourceFile } from "./source-file.ts";

/**
 * What says that everybody may do everything: options without an authorizer. Those that are made elsewhere are taken to have one.
 *
 * @throws GenerateError `invalid_source`
 */
export function openToAll(root: string): readonly string[] {
  const options = readProject(root).sources.find(({ path }) => path === optionsPath);
  return options && mayAuthorize(options)
    ? []
    : [
        `Everybody may do everything: ${optionsPath} has no authorize. Add one, or say --open if that is meant.`,
      ];
}

/** Whether options have an authorizer, as far as reading them tells. */
export function mayAuthorize(file: SourceFile): boolean {
  const program = parseSource(file);
  const options = defaultExport(program);
  if (!options) return true;
  // What is spread into them may bring one.
  return options.properties.some(
    (each) =>
      each.type === "SpreadElement" ||
      (!each.computed && each.key.type === "Identifier" && each.key.name === "authorize"),
  );
}

/** The object that is exported, if it stands in the file. */
function defaultExport({ body }: Program): ObjectExpression | null {
  const exported = body.find((statement) => statement.type === "ExportDefaultDeclaration")?.declaration;
  if (!exported) return null;
  const value = withoutTypes(exported as Expression);
  const named = value.type === "Identifier" ? initialOf(body, value.name) : value;
  return named?.type === "ObjectExpression" ? named : null;
}

function initialOf(body: Program["body"], name: string): Expression | null {
  for (const statement of body) {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declared?.type !== "VariableDeclaration") continue;
    const found = declared.declarations.find(({ id }) => id.type === "Identifier" && id.name === name);
    if (found?.init) return withoutTypes(found.init);
  }
  return null;
}
