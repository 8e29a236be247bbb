import { tsPlugin } from "@sveltejs/acorn-typescript";
import { type Expression, type Node, Parser, type Program } from "acorn";
import { GenerateError } from "./generate-error.ts";
import type { SourceFile } from "./source-file.ts";

const parser = Parser.extend(tsPlugin());

/** @throws GenerateError `invalid_source` */
export function parseSource({ path, text }: SourceFile): Program {
  try {
    return parser.parse(text, { ecmaVersion: "latest", sourceType: "module", locations: true });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GenerateError("invalid_source", `${path} is not TypeScript: ${message}.`, [path]);
  }
}

/** What stands behind `as const` or `satisfies`. */
export function withoutTypes(value: Expression): Expression {
  return "expression" in value && typeof value.expression === "object"
    ? withoutTypes((value as Node & { expression: Expression }).expression)
    : value;
}

export function nameOf(node: {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
}): string {
  return node.name ?? String(node.value);
}
