import { createScanner, findNodeAtLocation, type JSONPath, type Node, parseTree } from "jsonc-parser";

/**
 * Adds an entry to the end of an array or object, in the way its last entry is laid out. jsonc-parser's own `modify` lays
 * out its neighbours anew, and moves the comment behind the last one.
 *
 * @param entry a value for an array, `"key": value` for an object
 */
export function appendEntry(text: string, path: JSONPath, entry: string): string {
  const container = nodeAt(text, path);
  const last = container.children?.at(-1);
  if (!last) {
    const close = container.offset + container.length - 1;
    const indent = indentAt(text, container.offset);
    return `${text.slice(0, close).trimEnd()}\n${indent}  ${entry}\n${indent}${text.slice(close)}`;
  }
  const end = endOf(last);
  const [tail = "", comma = "", comment = ""] = tailAt(text, end);
  const indent = indentAt(text, last.offset);
  const lineStart = text.lastIndexOf("\n", last.offset) + 1;
  const ownLine = comment !== "" || text.slice(lineStart, last.offset).trim() === "";
  const separator = ownLine ? `\n${indent}` : " ";
  const rest = text.slice(end + tail.length);
  return `${text.slice(0, end)}${comma === "" ? "," : ""}${tail}${separator}${entry}${comma}${rest}`;
}

/**
 * Takes an entry of an array away, with the comment behind it. jsonc-parser's own `modify` leaves half of the last one where the
 * bracket stands on its line.
 */
export function removeEntry(text: string, path: JSONPath, index: number): string {
  const { children = [], offset } = nodeAt(text, path);
  const entry = children[index];
  if (!entry) throw new TypeError(`${path.join(".")}[${index}] is not there.`);
  const end = endOf(entry);
  const [tail = "", comma = ""] = tailAt(text, end);
  const head = text.slice(0, entry.offset).replace(/(?:\n[ \t]*|[ \t]+)$/, "");
  const after = text.slice(end + tail.length);
  // A line comment before it must not take in the bracket.
  const rest = /^\s*\n/.test(after) ? after : `\n${indentAt(text, offset)}${after.trimStart()}`;
  const previous = children[index - 1];
  if (!previous || comma !== "") return head + rest;
  const commaAt = nextComma(text, endOf(previous));
  return head.slice(0, commaAt) + head.slice(commaAt + 1) + rest;
}

/** A value on one line, as a person would write it. */
export function formatEntry(value: object): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/\[ (.*?) \]/g, "[$1]");
}

function nodeAt(text: string, path: JSONPath): Node {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const node = tree && findNodeAtLocation(tree, path);
  if (!node) throw new TypeError(`${path.join(".")} is not there.`);
  return node;
}

const endOf = ({ offset, length }: Node): number => offset + length;

/** What belongs to an entry that ends there: its comma and the comment on its line. */
function tailAt(text: string, end: number): readonly string[] {
  return /^[ \t]*(,?)(?:[ \t]*(\/\/[^\n]*|\/\*[^\n]*?\*\/))?/.exec(text.slice(end)) ?? [];
}

/** A comment may hold commas as well. */
function nextComma(text: string, from: number): number {
  const scanner = createScanner(text);
  scanner.setPosition(from);
  do scanner.scan();
  while (text[scanner.getTokenOffset()] !== ",");
  return scanner.getTokenOffset();
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset) + 1))?.[0] ?? "";
}
