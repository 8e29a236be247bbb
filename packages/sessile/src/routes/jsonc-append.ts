import { findNodeAtLocation, type JSONPath, parseTree } from "jsonc-parser";

/**
 * Adds an entry to the end of an array or object, in the way its last entry is laid out. jsonc-parser's own `modify` lays
 * out its neighbours anew, and moves the comment behind the last one.
 *
 * @param entry a value for an array, `"key": value` for an object
 */
export function appendEntry(text: string, path: JSONPath, entry: string): string {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const container = tree && findNodeAtLocation(tree, path);
  if (!container) throw new TypeError(`${path.join(".")} is not there.`);
  const last = container.children?.at(-1);
  if (!last) {
    const close = container.offset + container.length - 1;
    const indent = indentAt(text, container.offset);
    return `${text.slice(0, close).trimEnd()}\n${indent}  ${entry}\n${indent}${text.slice(close)}`;
  }
  const end = last.offset + last.length;
  const [tail = "", comma = "", comment = ""] =
    /^[ \t]*(,?)(?:[ \t]*(\/\/[^\n]*|\/\*[^\n]*?\*\/))?/.exec(text.slice(end)) ?? [];
  const indent = indentAt(text, last.offset);
  const lineStart = text.lastIndexOf("\n", last.offset) + 1;
  const ownLine = comment !== "" || text.slice(lineStart, last.offset).trim() === "";
  const separator = ownLine ? `\n${indent}` : " ";
  const rest = text.slice(end + tail.length);
  return `${text.slice(0, end)}${comma === "" ? "," : ""}${tail}${separator}${entry}${comma}${rest}`;
}

/** A value on one line, as a person would write it. */
export function formatEntry(value: object): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/\[ (.*?) \]/g, "[$1]");
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset) + 1))?.[0] ?? "";
}
