import type { ClassDeclaration, Expression, Program } from "acorn";
import { agentNameOf } from "../protocol/agents-frame.ts";
import { GenerateError } from "./generate-error.ts";
import { nameOf, parseSource, withoutTypes } from "./parse-source.ts";
import type { SourceFile } from "./source-file.ts";

/** What a file of a kind says about itself. */
export interface SessionSource {
  readonly className: string;
  readonly kind: string;
}

/** What was read last of each path: whoever generates on every change parses what changed. */
const known = new Map<string, { readonly text: string; readonly source: SessionSource }>();

/**
 * The default-exported class of a `session.ts`, and the kind it declares. The file is read, never run: what it imports
 * exists on Workers only.
 *
 * @throws GenerateError `invalid_source`
 */
export function readSessionSource(file: SourceFile): SessionSource {
  const former = known.get(file.path);
  if (former?.text === file.text) return former.source;
  const source = parseSession(file);
  known.set(file.path, { text: file.text, source });
  return source;
}

function parseSession(file: SourceFile): SessionSource {
  const program = parseSource(file);
  const declared = defaultClass(program, file);
  if (!declared.id)
    throw invalid(file, "its class has no name, and the binding is made of it: name it, as in Counter");
  const className = declared.id.name;
  if (!/^[A-Z][A-Za-z0-9]*$/.test(className))
    throw invalid(file, `"${className}" cannot become a binding: use letters and digits, a capital first`);
  const kind = declaredKind(declared, file) ?? (isAgent(declared, program) ? agentNameOf(className) : null);
  if (kind === null) throw invalid(file, "its class declares no kind");
  return { className, kind };
}

function defaultClass(program: Program, file: SourceFile): ClassDeclaration {
  for (const statement of program.body) {
    if (statement.type === "ExportDefaultDeclaration") {
      const { declaration } = statement;
      if (declaration.type === "ClassDeclaration") return declaration as ClassDeclaration;
      if (declaration.type === "Identifier") return classNamed(program, declaration.name, file);
      throw invalid(file, "its default export is not a class");
    }
    if (statement.type !== "ExportNamedDeclaration" || statement.source) continue;
    for (const { local, exported } of statement.specifiers)
      if (nameOf(exported) === "default") return classNamed(program, nameOf(local), file);
  }
  throw invalid(file, "it has no default export");
}

function classNamed(program: Program, name: string, file: SourceFile): ClassDeclaration {
  for (const statement of program.body) {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type === "ClassDeclaration" && declaration.id?.name === name) return declaration;
  }
  throw invalid(file, `its default export "${name}" is not a class of this file`);
}

function declaredKind({ body }: ClassDeclaration, file: SourceFile): string | null {
  for (const member of body.body) {
    if (member.type !== "PropertyDefinition" || member.static || member.computed) continue;
    if (member.key.type !== "Identifier" || member.key.name !== "kind") continue;
    const kind = literalOf(member.value);
    if (kind !== null) return kind;
    throw invalid(file, "its kind is not a literal: nothing is run to find it out");
  }
  return null;
}

/** Whether the class extends our `Agent`, whose kind is its name. */
function isAgent({ superClass }: ClassDeclaration, { body }: Program): boolean {
  if (superClass?.type !== "Identifier") return false;
  return body.some(
    (statement) =>
      statement.type === "ImportDeclaration" &&
      statement.source.value === "sessile" &&
      statement.specifiers.some(
        (each) =>
          each.type === "ImportSpecifier" &&
          nameOf(each.imported) === "Agent" &&
          each.local.name === superClass.name,
      ),
  );
}

function literalOf(value: Expression | null | undefined): string | null {
  const literal = value && withoutTypes(value);
  return literal?.type === "Literal" && typeof literal.value === "string" ? literal.value : null;
}

function invalid({ path }: SourceFile, what: string): GenerateError {
  return new GenerateError(
    "invalid_source",
    `${path}: ${what}. It must contain \`export default class Counter extends Session { readonly kind = "counter"; … }\`.`,
    [path],
  );
}
