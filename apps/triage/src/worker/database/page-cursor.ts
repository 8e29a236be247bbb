import { SessileError } from "sessile";
import * as z from "zod/mini";

/** A place in a sorted list: the sort's name, then the keys of the last row seen. */
export type PageCursor = readonly [sort: string, ...keys: (string | number)[]];

/** A title's 160 characters may fold into 18 each. */
const maxCursorChars = 16_384;
const schema = z.array(z.union([z.string(), z.number()])).check(z.minLength(2), z.maxLength(5));

export function encodeCursor(cursor: PageCursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(cursor));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** @throws SessileError `bad_request` for a cursor that is malformed or of a list in another order */
export function decodeCursor(
  cursor: string,
  sort: string,
  keyTypes: readonly ("number" | "string")[],
): PageCursor {
  const [ofSort, ...keys] = parse(cursor);
  const fits =
    ofSort === sort && keys.length === keyTypes.length && keys.every((key, i) => typeof key === keyTypes[i]);
  if (!fits)
    throw new SessileError("bad_request", "This cursor belongs to another list. Begin again without one.", {
      field: "cursor",
    });
  return [sort, ...keys];
}

function parse(cursor: string): readonly (string | number)[] {
  if (cursor.length > maxCursorChars) return [];
  try {
    const binary = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}
