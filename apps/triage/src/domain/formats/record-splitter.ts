import { cleanText } from "../text/clean-text.ts";
import { type Container, JsonNesting } from "./json-nesting.ts";

export interface SplitOptions {
  /** A longer record is rejected and skipped. Default 1 MiB. */
  readonly maxRecordBytes?: number;
  /** Deepest nesting of objects and arrays in one record. Default 64. */
  readonly maxDepth?: number;
}

/** `position` counts records from 1, rejected ones too. */
export type SplitRecord =
  | { readonly position: number; readonly raw: string; readonly value: unknown; readonly error?: never }
  | { readonly position: number; readonly raw: string; readonly error: string };

const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openArray = 0x5b;
const backslash = 0x5c;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;
/** UTF-8's, at the start and, where files were put together, before any record. No record begins with one of its bytes. */
const byteOrderMark: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);
const shownOfRejectedChars = 2000;

/**
 * Cuts a byte stream of NDJSON, JSON arrays, or concatenated objects into records while holding at most one of them.
 *
 * A general streaming parser stops at the first error. Here a broken record must not cost its neighbours, so this finds
 * only the borders (JSON's structural bytes never occur inside a UTF-8 sequence) and leaves each record to JSON.parse. After
 * damage it takes up again where a `{` cannot belong to the record before: where a key is due, or at the start of a line
 * in the column where records start.
 */
export class RecordSplitter {
  readonly #maxRecordBytes: number;
  readonly #nesting: JsonNesting;
  #place: "top" | "array" = "top";
  #reading: "nothing" | "value" | "junk" = "nothing";
  #position = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  #inString = false;
  #escaped = false;
  #broken: string | undefined;
  #previous = 0;
  #newlines = 0;
  #column = 0;
  #lineStart = true;
  #recordColumn = -1;

  constructor(options: SplitOptions = {}) {
    this.#maxRecordBytes = options.maxRecordBytes ?? 1_048_576;
    this.#nesting = new JsonNesting(options.maxDepth ?? 64);
  }

  /** Records completed by this chunk. Take them all before the next push. */
  *push(chunk: Uint8Array): Generator<SplitRecord, void, undefined> {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      const step = this.#step(byte);
      if (step === "start") start = i;
      else if (step === "after") yield this.#finish(chunk.subarray(start, i + 1));
      else if (step === "before") {
        yield this.#finish(chunk.subarray(start, i));
        i--; // The byte that ended the record belongs to what follows: read it again.
      }
    }
    if (this.#reading !== "nothing") this.#keep(chunk.subarray(start));
  }

  /** The record the input ends in, if it is incomplete. */
  *end(): Generator<SplitRecord, void, undefined> {
    if (this.#reading !== "nothing") {
      if (this.#reading === "value") this.#broken ??= "the input ends inside this record";
      yield this.#finish(new Uint8Array(0));
    } else if (this.#place === "array" && this.#previous === comma) {
      this.#position++;
      yield {
        position: this.#position,
        raw: "",
        error: "the input ends before the array does: the file may be cut short",
      };
    }
  }

  #step(byte: number): Step {
    if (this.#inString) return this.#insideString(byte);
    if (byte === lineFeed) return this.#lineEnd();
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d) {
      if (this.#lineStart) this.#column++;
      return "continue";
    }
    if (this.#reading === "nothing" && byteOrderMark.has(byte)) return "continue";
    const step = this.#significant(byte);
    if (step !== "before") this.#lineStart = false;
    return step;
  }

  #significant(byte: number): Step {
    if (this.#reading === "nothing") return this.#between(byte);
    if (this.#reading === "junk") return this.#insideJunk(byte);
    if (this.#startsAnother(byte)) {
      this.#broken ??= "the record is not complete where the next one starts";
      return "before";
    }
    return this.#insideValue(byte);
  }

  #insideString(byte: number): Step {
    if (byte === lineFeed) {
      // A raw line feed is illegal in a JSON string, also behind a backslash: the closing quote is missing, or the line was cut.
      this.#inString = false;
      this.#escaped = false;
      this.#broken ??= "a line break inside a string";
      return this.#lineEnd();
    }
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) {
      this.#inString = false;
      this.#previous = quote;
    }
    return "continue";
  }

  #lineEnd(): Step {
    if (this.#reading === "junk" && this.#place === "top") return "before";
    this.#lineStart = true;
    this.#column = 0;
    this.#newlines++;
    return "continue";
  }

  #between(byte: number): Step {
    if (this.#place === "top" && byte === openArray) {
      this.#place = "array";
      this.#recordColumn = -1;
      this.#previous = openArray;
      return "continue";
    }
    // A record separator (RFC 7464), a comma between objects, or the bracket of an array that was cut off.
    if (byte === comma || byte === 0x1e || byte === closeArray) {
      if (byte === closeArray) this.#place = "top";
      this.#previous = byte;
      return "continue";
    }
    this.#newlines = 0;
    if (byte === openObject || byte === openArray) {
      if (this.#recordColumn < 0 && this.#lineStart) this.#recordColumn = this.#column;
      this.#reading = "value";
      this.#nesting.clear();
      this.#nesting.open(byte === openObject ? "object" : "array");
      this.#previous = byte;
      return "start";
    }
    this.#reading = "junk";
    this.#inString = byte === quote && this.#place === "array";
    return "start";
  }

  #insideJunk(byte: number): Step {
    if (this.#place === "top") return "continue";
    if (byte === quote) this.#inString = true;
    if (byte === comma || byte === closeArray || (byte === openObject && this.#lineStart)) return "before";
    return "continue";
  }

  #insideValue(byte: number): Step {
    const previous = this.#previous;
    this.#previous = byte;
    switch (byte) {
      case quote:
        this.#inString = true;
        if (previous === quote) this.#broken ??= "two strings with nothing between them";
        return "continue";
      case openObject:
      case openArray:
        this.#nesting.open(byte === openObject ? "object" : "array");
        return "continue";
      case closeObject:
        return this.#close("object");
      case closeArray:
        if (this.#place === "array" && !this.#nesting.has("array")) {
          this.#broken ??= "the array ends inside this record";
          return "before";
        }
        return this.#close("array");
      case comma:
      case colon:
        return "continue";
      default:
        if (previous === quote) this.#broken ??= "unexpected text after a string";
        return "continue";
    }
  }

  #close(container: Container): Step {
    if (!this.#nesting.close(container)) this.#broken ??= "brackets that do not match";
    return this.#nesting.depth === 0 ? "after" : "continue";
  }

  /** Whether this byte belongs to the next record although the current one has not been closed. */
  #startsAnother(byte: number): boolean {
    const firstContinuation = this.#newlines === 1;
    if (byte !== openObject) {
      const text = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
      return this.#place === "top" && this.#lineStart && this.#column === 0 && firstContinuation && text;
    }
    // An array is no record anyway; a stray bracket must not swallow the lines behind it.
    if (this.#nesting.outermost === "array" && this.#lineStart && this.#column === 0) return true;
    const inObject = this.#nesting.innermost === "object";
    const legal = inObject ? this.#previous === colon : this.#previous !== quote;
    // Where the layout is not known, records are taken to start lines.
    const unknownColumn = this.#place === "top" || this.#recordColumn < 0;
    const recordStart = this.#lineStart && this.#column === (unknownColumn ? 0 : this.#recordColumn);
    if (recordStart && (this.#broken !== undefined || !legal || this.#previous === colon)) return true;
    if (recordStart && unknownColumn && firstContinuation) return true;
    return inObject && (this.#previous === comma || (this.#lineStart && !legal));
  }

  #keep(part: Uint8Array): void {
    this.#size += part.length;
    // Copied, because the caller may reuse the chunk's memory.
    if (this.#size <= this.#maxRecordBytes) this.#parts.push(part.slice());
    else this.#parts = [(this.#parts[0] ?? part).slice(0, shownOfRejectedChars)];
  }

  #finish(last: Uint8Array): SplitRecord {
    this.#size += last.length;
    const position = ++this.#position;
    const tooLong = this.#size > this.#maxRecordBytes;
    const bytes = joined(
      tooLong ? [...this.#parts, last.subarray(0, shownOfRejectedChars)] : [...this.#parts, last],
    );
    const state = { junk: this.#reading === "junk", broken: this.#broken, tooDeep: this.#nesting.tooDeep };
    this.#reading = "nothing";
    this.#parts = [];
    this.#size = 0;
    this.#inString = false;
    this.#broken = undefined;
    this.#previous = 0;
    if (tooLong) return rejected(position, bytes, `longer than ${this.#maxRecordBytes} bytes`);
    if (state.junk) return rejected(position, bytes, "not a JSON object");
    if (state.tooDeep)
      return rejected(position, bytes, `nested deeper than ${this.#nesting.maxDepth} levels`);
    if (state.broken !== undefined) return rejected(position, bytes, `not valid JSON: ${state.broken}`);
    return parsed(position, bytes);
  }
}

/** What a byte does: it starts a record, ends one (the byte included, or excluded and to be read again), or neither. */
type Step = "continue" | "start" | "before" | "after";

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder("utf-8");

function rejected(position: number, bytes: Uint8Array, error: string): SplitRecord {
  const utf16 =
    position === 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  const raw = lenientUtf8.decode(bytes.subarray(0, shownOfRejectedChars));
  return { position, raw, error: utf16 ? "the file is UTF-16: save it as UTF-8" : error };
}

function parsed(position: number, bytes: Uint8Array): SplitRecord {
  let raw: string;
  try {
    raw = strictUtf8.decode(bytes);
  } catch {
    return rejected(position, bytes, "not valid UTF-8");
  }
  try {
    return { position, raw, value: JSON.parse(raw) };
  } catch (error) {
    const reason = error instanceof Error ? cleanText(error.message, 160) : "unreadable";
    return rejected(position, bytes, `not valid JSON: ${reason}`);
  }
}
