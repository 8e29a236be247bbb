import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { partChunkBytes } from "./part.ts";
import { PartLines, partLine } from "./part-line.ts";
import { BytesHash } from "./sha256.ts";

const hashOf = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** The lines of one part. */
function linesOf(data: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(data.length / partChunkBytes) }, (_, chunk) => {
    const at = chunk * partChunkBytes;
    return partLine({ hash: hashOf(data), at, of: data.length, data: data.slice(at, at + partChunkBytes) });
  });
}

/** What is found wrong with these lines. */
function complaintsAbout(lines: readonly string[]): string[] {
  const reader = new PartLines();
  return lines.map((line) => reader.take(line)).filter((taken) => typeof taken === "string");
}

describe("PA9 the lines of a part", () => {
  const long = Uint8Array.from({ length: partChunkBytes + 100 }, (_, index) => index % 253);

  test("hash and base64 agree with Node's, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
        const whole = new Uint8Array(Buffer.concat(pieces));
        const digest = new BytesHash();
        for (const piece of pieces) digest.update(piece);
        expect(digest.hex()).toBe(hashOf(whole));
        expect(encodeBase64(whole)).toBe(Buffer.from(whole).toString("base64"));
        expect(decodeBase64(encodeBase64(whole))).toEqual(whole);
      }),
    );
  });

  test("a text that is no canonical base64 is refused", () => {
    for (const text of ["a", "a===", "ab=c", "YR==", "YWJ=", "YQ", "Y Q=", "YQ=\n", "é123"])
      expect(() => decodeBase64(text)).toThrow("no base64");
  });

  test("whole parts pass; a changed, missing, repeated, exchanged or foreign piece does not", () => {
    const [first = "", second = ""] = linesOf(long);
    expect(complaintsAbout([first, second, ...linesOf(long.slice(0, 7))])).toEqual([]);
    const changed = second.replace(/"data":"../, '"data":"zz');
    for (const lines of [
      [first, changed],
      [first, first],
      [second, first],
      [second],
      [first, ...linesOf(long.slice(1))],
    ])
      expect(complaintsAbout(lines).length).toBeGreaterThan(0);
    expect(complaintsAbout([` ${first}`, first.replace('"at":0', '"at":00'), "{}"])).toHaveLength(3);
  });
});
