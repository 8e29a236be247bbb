import { ExactNumber } from "../../domain/formats/exact-json.ts";

/** One line of a pretty-printed JSON value. */
export interface JsonLine {
  readonly depth: number;
  readonly key: string | null;
  /** Dotted path, as citations name fields. */
  readonly path: string;
  readonly text: string;
  readonly kind: "string" | "number" | "word" | "bracket";
}

const maxLines = 4_000;
const maxDepth = 64;

/** A record is somebody else's: bounded in lines and depth, whatever it holds. */
export function jsonLines(value: unknown): { readonly lines: readonly JsonLine[]; readonly isCut: boolean } {
  const lines: JsonLine[] = [];
  walk(value, null, "", 0, lines);
  return { lines, isCut: lines.length >= maxLines };
}

function walk(value: unknown, key: string | null, path: string, depth: number, lines: JsonLine[]): void {
  if (lines.length >= maxLines) return;
  if (typeof value !== "object" || value === null || value instanceof ExactNumber || depth >= maxDepth) {
    lines.push({ depth, key, path, ...scalar(value) });
    return;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    lines.push({ depth, key, path, text: `${open}${close}`, kind: "bracket" });
    return;
  }
  lines.push({ depth, key, path, text: open, kind: "bracket" });
  for (const [name, each] of entries) {
    walk(each, isList ? null : name, path === "" ? name : `${path}.${name}`, depth + 1, lines);
  }
  lines.push({ depth, key: null, path, text: close, kind: "bracket" });
}

function scalar(value: unknown): Pick<JsonLine, "text" | "kind"> {
  if (typeof value === "string") return { text: value, kind: "string" };
  if (typeof value === "number" || value instanceof ExactNumber)
    return { text: String(value), kind: "number" };
  if (typeof value === "object" && value !== null) return { text: "…", kind: "bracket" };
  return { text: String(value), kind: "word" };
}

/**
 * Paths of the lines that a citation points at. A field may have been read out of a longer text or renamed, so what has its
 * last name counts too, and then whatever holds the excerpt.
 */
export function citedPaths(
  lines: readonly JsonLine[],
  field: string | undefined,
  excerpt: string | undefined,
): ReadonlySet<string> {
  const values = lines.filter(({ kind }) => kind !== "bracket");
  const paths = (matches: (line: JsonLine) => boolean) =>
    new Set(values.filter(matches).map(({ path }) => path));
  if (field) {
    const exact = paths(({ path }) => path === field || path.startsWith(`${field}.`));
    if (exact.size > 0) return exact;
    const tail = field.split(".").at(-1);
    const named = paths(({ path }) => path.split(".").at(-1) === tail);
    if (named.size > 0) return named;
  }
  const text = (excerpt ?? "").replace(/^…|…$/g, "").trim().slice(0, 60);
  return text.length < 4 ? new Set() : paths((line) => line.text.includes(text));
}
