import { SessileError } from "./error.ts";
import type { Json } from "./json.ts";

/** What an event says in place of a part's bytes. Which part it is, is the hash of what is in it. */
export type PartReference = {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly $part: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly name?: string;
};

/** A part as the session keeps it. */
export interface PartInfo {
  /** 64 hexadecimal digits. */
  readonly hash: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** The first event that refers to it; null while none does. */
  readonly seq: number | null;
  readonly place: PartPlace;
}

/** `lost`: an event refers to it, and its bytes are nowhere at hand. */
export type PartPlace = "sql" | "bucket" | "lost";

/** All pieces of a part but the last have this length, at rest, on the wire and in an export. */
export const partChunkBytes = 1024 * 1024;

const prefix = "sha256:";
const hashForm = /^[0-9a-f]{64}$/;
const mediaTypeForm = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(?:; ?[a-z0-9-]+=[\w.+-]+)*$/i;

/** @throws SessileError `bad_request` */
export function assertPartHash(hash: string): void {
  if (hashForm.test(hash)) return;
  throw new SessileError("bad_request", "A part is addressed by 64 lower-case hexadecimal digits.", {
    field: "hash",
  });
}

/** @throws SessileError `bad_request` */
export function assertMediaType(mediaType: string, field = "mediaType"): void {
  if (mediaType.length <= 128 && mediaTypeForm.test(mediaType)) return;
  throw new SessileError("bad_request", `${field} is no media type, such as image/png.`, { field });
}

export function partReference(
  hash: string,
  part: { readonly mediaType: string; readonly bytes: number; readonly name?: string },
): PartReference {
  const { mediaType, bytes, name } = part;
  return { $part: prefix + hash, mediaType, bytes, ...(name === undefined ? {} : { name }) };
}

/** The digits of a well-formed reference. */
export function hashOfPart(reference: PartReference): string {
  return reference.$part.slice(prefix.length);
}

/** Whether any object in it has a key `$part`. */
export function mentionsPart(value: Json | undefined): boolean {
  if (value === null || typeof value !== "object") return false;
  for (const key in value) {
    if (key === "$part" && !Array.isArray(value)) return true;
    const item = (value as { readonly [key: string]: Json })[key];
    if (item !== null && typeof item === "object" && mentionsPart(item)) return true;
  }
  return false;
}

/** One reference and where it stands. */
export interface FoundPart {
  readonly reference: PartReference;
  readonly field: string;
}

/**
 * The references in a value, in order. An object with a key `$part` is one, or nothing.
 *
 * @throws SessileError `bad_request` naming the field
 */
export function partsIn(value: Json | undefined, field: string): FoundPart[] {
  return candidatesIn(value, field).map(({ value: candidate, field: at }) => {
    if (isReference(candidate)) return { reference: candidate, field: at };
    throw new SessileError(
      "bad_request",
      `${at} is no reference to a part: it is {$part, mediaType, bytes, name?}.`,
      { field: at },
    );
  });
}

/** The references in what was accepted once, whatever else has a key of that name. */
export function referencesIn(value: Json | undefined): PartReference[] {
  return candidatesIn(value, "").flatMap(({ value: candidate }) =>
    isReference(candidate) ? [candidate] : [],
  );
}

/**
 * Digits of the parts that a change of the state put in place piece by piece, as changes did before references stayed whole. How
 * long they are does not stand there.
 */
export function partsPatchedIn(event: { readonly type: string; readonly payload?: Json }): string[] {
  const payload = event.type === "state.changed" ? event.payload : null;
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return [];
  const { patch } = payload as { readonly [key: string]: Json };
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((op: Json) => {
    if (!Array.isArray(op)) return [];
    const [kind, path, value] = op as readonly Json[];
    const isPart = kind === "=" && Array.isArray(path) && path.at(-1) === "$part";
    return isPart && isPartName(value) ? [value.slice(prefix.length)] : [];
  });
}

interface Candidate {
  readonly value: { readonly [key: string]: Json };
  readonly field: string;
}

function candidatesIn(value: Json | undefined, field: string, found: Candidate[] = []): Candidate[] {
  if (value === null || typeof value !== "object") return found;
  if (!Array.isArray(value) && Object.hasOwn(value, "$part")) {
    found.push({ value: value as { readonly [key: string]: Json }, field });
    return found;
  }
  for (const [key, item] of Object.entries(value)) candidatesIn(item as Json, `${field}.${key}`, found);
  return found;
}

function isPartName(value: Json | undefined): value is string {
  return typeof value === "string" && value.startsWith(prefix) && hashForm.test(value.slice(prefix.length));
}

function isReference(value: { readonly [key: string]: Json }): value is PartReference {
  const { $part, mediaType, bytes, name, ...rest } = value;
  return (
    isPartName($part) &&
    typeof mediaType === "string" &&
    mediaType.length <= 128 &&
    mediaTypeForm.test(mediaType) &&
    typeof bytes === "number" &&
    Number.isSafeInteger(bytes) &&
    bytes > 0 &&
    (name === undefined || (typeof name === "string" && name.length <= 255)) &&
    Object.keys(rest).length === 0
  );
}
