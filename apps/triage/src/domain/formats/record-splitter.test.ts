import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordSplitter, type SplitOptions } from "./record-splitter.ts";
import { splitRecords } from "./split-records.ts";

const encoder = new TextEncoder();

function split(input: string | Uint8Array, options: SplitOptions = {}, chunkBytes = 7) {
  const bytes = typeof input === "string" ? encoder.encode(input) : input;
  const splitter = new RecordSplitter(options);
  const records = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    records.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  records.push(...splitter.end());
  return records;
}

/** `1` for a good record, its reason for a bad one, in order of position. */
function outline(input: string, options: SplitOptions = {}): unknown[] {
  const records = split(input, options);
  expect(records.map((record) => record.position)).toEqual(records.map((_, i) => i + 1));
  return records.map((record) => record.error ?? record.value);
}

describe("RecordSplitter: shapes", () => {
  it.each([
    ["NDJSON", '{"a":1}\n{"a":2}\n'],
    ["NDJSON with CRLF, blank lines and no last line end", '{"a":1}\r\n\r\n{"a":2}'],
    ["a byte order mark", '\uFEFF{"a":1}\n{"a":2}'],
    ["a byte order mark before an array", '\uFEFF[{"a":1},{"a":2}]'],
    ["byte order marks of files put together", '\uFEFF{"a":1}\n\uFEFF{"a":2}\n'],
    ["a compact array", '[{"a":1},{"a":2}]'],
    ["a pretty array", '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2\n  }\n]\n'],
    ["a pretty array without indentation", '[\n{\n"a":\n1\n},\n{\n"a": 2\n}\n]\n'],
    ["concatenated objects", '{"a":1}{"a":2}'],
    ["pretty concatenated objects", '{\n  "a": 1\n}\n{\n  "a": 2\n}\n'],
    ["JSON text sequences (RFC 7464)", '\x1e{"a":1}\n\x1e{"a":2}\n'],
    ["two arrays", '[{"a":1}]\n[{"a":2}]'],
  ])("reads %s", (_, input) => {
    expect(outline(input)).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("reads a single object, and nothing from nothing", () => {
    expect(outline('{"a":{"b":[{"c":"}]{[\\"\\\\"}]}}')).toEqual([{ a: { b: [{ c: '}]{["\\' }] } }]);
    expect(outline("")).toEqual([]);
    expect(outline(" \n[]\n")).toEqual([]);
  });

  it("keeps the raw text of a record", () => {
    expect(split('[ {"a": "é€😀"} ]', {}, 1)[0]?.raw).toBe('{"a": "é€😀"}');
  });
});

describe("RecordSplitter: damage", () => {
  const good = { a: 1 };

  it.each([
    ["not JSON", "hello there", /not a JSON object/],
    ["cut short", '{"a":', /not complete/],
    ["cut inside a string", '{"a":"x', /line break inside a string/],
    ["a missing brace", '{"a":{"b":1}', /not complete/],
    ["a bad value", '{"a":nope}', /not valid JSON/],
    ["a missing comma", '{"a":1 "b":2}', /not valid JSON/],
    ["a number", "42", /not a JSON object/],
    ["a missing quote", '{"a:1}', /line break inside a string/],
    ["cut after a backslash", '{"a":"C:\\', /line break inside a string/],
  ])("a line with %s costs only itself", (_, line, reason) => {
    const records = outline(`{"a":1}\n${line}\n{"a":1}\n{"a":1}\n`);
    expect(records).toEqual([good, expect.stringMatching(reason), good, good]);
  });

  it("a broken first line costs only itself", () => {
    expect(outline('{"x":\n{"a":1}\n{"a":1}')).toEqual([expect.any(String), good, good]);
    expect(outline('{"x":"y\nplain text\n{"a":1}')).toEqual([expect.any(String), expect.any(String), good]);
  });

  it.each([
    ["a bad value", '[{"a":1},{"a":nope},{"a":1}]'],
    ["a missing brace", '[{"a":1},{"b":{"c":1},{"a":1}]'],
    ["a missing value", '[{"a":1},{"a":,{"a":1}]'],
    ["a scalar", '[{"a":1},"x, ]{",{"a":1}]'],
    ["a missing quote, one record a line", '[\n{"a":1},\n{"b":"2},\n{"a":1}\n]'],
    [
      "a missing quote in a pretty array",
      '[\n  {\n    "a": 1\n  },\n  {\n    "b": "2\n  },\n  {\n    "a": 1\n  }\n]',
    ],
    ["a record cut in a pretty array", '[\n  {\n    "a": 1\n  },\n  {\n    "b":\n  {\n    "a": 1\n  }\n]'],
    ["a wrong bracket", '[{"a":1},{"b":[1,2},{"a":1}]'],
  ])("an array with %s goes on behind it", (_, input) => {
    expect(outline(input)).toEqual([good, expect.any(String), good]);
  });

  it("reports the rest of an array as one record where no border can be found", () => {
    expect(outline('[{"a":1},{"b":"2},{"a":1},{"a":1}]')).toEqual([
      good,
      expect.stringMatching(/unexpected text/),
    ]);
  });

  it("says that a file was cut short", () => {
    expect(outline('[{"a":1},{"b":')).toEqual([good, expect.stringMatching(/ends inside/)]);
    expect(outline('[{"a":1},')).toEqual([good, expect.stringMatching(/cut short/)]);
    expect(outline('{"a":1}\n{"b')).toEqual([good, expect.stringMatching(/ends inside/)]);
  });

  it("goes on after an array that ends inside a record", () => {
    expect(outline('[{"a":1},{"b":1]\n{"a":1}')).toEqual([good, expect.stringMatching(/array ends/), good]);
  });

  it("rejects a record over the limit and keeps nothing of it", () => {
    const long = `{"x":"${"y".repeat(5000)}"}`;
    const records = split(`{"a":1}\n${long}\n{"a":1}`, { maxRecordBytes: 1000 });
    expect(records.map((record) => record.error)).toEqual([undefined, "longer than 1000 bytes", undefined]);
    expect(records[1]?.raw.length).toBeLessThan(2100);
    expect(outline(`[{"a":1},${long},{"a":1}]`, { maxRecordBytes: 1000 })).toEqual([
      good,
      "longer than 1000 bytes",
      good,
    ]);
  });

  it("rejects deep nesting without recursion", () => {
    const deep = `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(outline(`${deep}\n{"a":1}`)).toEqual(["nested deeper than 64 levels", good]);
  });

  it("rejects bytes that are no UTF-8, and says so of UTF-16", () => {
    const bytes = new Uint8Array([...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}\n{"a":1}')]);
    expect(split(bytes).map((record) => record.error)).toEqual(["not valid UTF-8", undefined]);
    expect(split(new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]))[0]?.error).toMatch(/UTF-16/);
  });

  it("never loses a whole line next to damage, whatever the damage", () => {
    const junk = fc.string({ unit: fc.constantFrom(...'{}[]",:\\ a1') }).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(junk, fc.integer({ min: 1, max: 9 }), (text, chunkBytes) => {
        const lines = `{"good":1}\n${text}\n{"good":2}\n{"good":3}\n`;
        const values = split(lines, {}, chunkBytes).flatMap((record) =>
          record.error === undefined ? [JSON.stringify(record.value)] : [],
        );
        expect(values).toContain('{"good":1}');
        // Junk that ends where a value is due may claim the line behind it, but no more.
        expect(values).toContain('{"good":3}');
      }),
      { numRuns: 3000 },
    );
  });

  it("cuts the same records however the bytes arrive", () => {
    const value = fc.record({ a: fc.jsonValue({ maxDepth: 3 }), b: fc.string() });
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (values, chunkBytes, pretty) => {
          const text = pretty
            ? JSON.stringify(values, null, 2)
            : values.map((item) => JSON.stringify(item)).join("\n");
          const records = split(text, {}, chunkBytes);
          expect(records.map((record) => (record.error === undefined ? record.value : record.error))).toEqual(
            values.map((item) => JSON.parse(JSON.stringify(item))),
          );
        },
      ),
    );
  });
});

describe("splitRecords", () => {
  it("reads a web stream and cancels it when the reader stops early", async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encoder.encode('{"a":1}\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const record of splitRecords(stream)) if (record.position === 3) break;
    expect(cancelled).toBe(true);
  });
});
