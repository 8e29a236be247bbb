import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import { ChunkDecoder } from "../protocol/stream-chunk.ts";
import { bodyOf, chunksOf } from "./content.ts";
import { nextCursor } from "./cursor.ts";
import { formatOffset, parseOffset, readFrom } from "./offset.ts";
import { forkOf, lifetimeOf, producerOf } from "./request-headers.ts";
import { liveText } from "./sse.ts";

const limits = { maxBodyBytes: 1_000_000, maxChunkBytes: 7, maxDepth: 8 };
const control = { to: 3, cursor: "9", upToDate: true, closed: false, error: null };

function events(text: string): { readonly type: string; readonly data: string }[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const lines = block.split("\n");
      const data = lines
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).replace(/^ /, ""));
      return { type: lines[0]?.replace("event: ", "") ?? "", data: data.join("\n") };
    });
}

test("DU10 offset tokens come back as they went out, and sort as their numbers do", () => {
  const offsets = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(offsets, offsets, (one, other) => {
      expect(parseOffset(formatOffset(one))).toBe(one);
      expect(formatOffset(one) < formatOffset(other)).toBe(one < other);
    }),
  );
  expect([readFrom([]), readFrom(["-1"]), readFrom(["now"])]).toEqual([0, 0, "tail"]);
  for (const wrong of [[""], ["1"], ["now", "now"], ["0_0"], ["-1,2"], ["NOW"]])
    expect(() => readFrom(wrong)).toThrow(expect.objectContaining({ code: "bad_request" }));
});

test("DU11 bytes come back as they came, however they are cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      const chunks = chunksOf(bytes, "application/octet-stream", limits);
      expect(bodyOf(chunks, "application/octet-stream")).toEqual(bytes);
    }),
  );
});

test("DU11 of JSON each message is a chunk, and one level of array is taken off", () => {
  const bytes = (value: Json) => new TextEncoder().encode(JSON.stringify(value));
  expect(chunksOf(bytes([1, [2]]), "application/json; charset=utf-8", limits)).toEqual([1, [2]]);
  expect(chunksOf(bytes({ a: 1 }), "application/json", limits)).toEqual([{ a: 1 }]);
  for (const wrong of ["{", '{"__proto__":1}', "[".repeat(20)])
    expect(() => chunksOf(new TextEncoder().encode(wrong), "application/json", limits)).toThrow();
});

test("DU12 no text gets out of its event", () => {
  const piece = fc.constantFrom("\r", "\n", "\r\n", " ", "data:", "event: control", "x");
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
      const text = pieces.join("");
      const written = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(
        liveText([text], "text/plain", new ChunkDecoder("text/plain"), control),
      );
      // A carriage return ends a line of this format, so it is read as a line feed.
      expect(events(written)).toEqual([
        { type: "data", data: text.replace(/\r\n?/g, "\n") },
        { type: "control", data: expect.stringContaining('"streamNextOffset"') },
      ]);
    }),
  );
});

test("DU13 a reader that has this interval's cursor, or a later one, gets a later one still", () => {
  const now = Date.UTC(2026, 0, 1);
  const current = Number(nextCursor(now, null, 0));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 ** 9 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (known, random) => {
        const next = Number(nextCursor(now, String(known), random));
        if (known < current) expect(next).toBe(current);
        else expect(next).toBeGreaterThan(known);
      },
    ),
  );
  expect(nextCursor(now, "not a number", 0.5)).toBe(String(current));
});

test("DU14 headers that say nothing clear are refused by name", () => {
  const headers = (entries: Record<string, string>) => new Headers(entries);
  const cases: [() => unknown, string][] = [
    [() => lifetimeOf(headers({ "stream-ttl": "1.5" })), "stream-ttl"],
    [() => lifetimeOf(headers({ "stream-ttl": "01" })), "stream-ttl"],
    [() => lifetimeOf(headers({ "stream-expires-at": "tomorrow" })), "stream-expires-at"],
    [() => lifetimeOf(headers({ "stream-expires-at": "2026-13-45T00:00:00Z" })), "stream-expires-at"],
    [() => producerOf(headers({ "producer-id": "p" })), "producer-id"],
    [
      () => producerOf(headers({ "producer-id": "p", "producer-epoch": "-1", "producer-seq": "0" })),
      "producer-epoch",
    ],
    [
      () =>
        producerOf(headers({ "producer-id": "p", "producer-epoch": "0", "producer-seq": "9".repeat(16) })),
      "producer-seq",
    ],
    [() => forkOf(headers({ "stream-fork-offset": formatOffset(1) }), () => null), "stream-forked-from"],
    [
      () => forkOf(headers({ "stream-forked-from": "/a", "stream-fork-offset": "x" }), () => "a"),
      "stream-fork-offset",
    ],
  ];
  for (const [body, field] of cases)
    expect(body).toThrow(expect.objectContaining({ details: expect.objectContaining({ field }) }));
  expect(lifetimeOf(headers({ "stream-expires-at": "2026-01-01T02:00:00+02:00" }))).toEqual({
    expiresAt: Date.UTC(2026, 0, 1),
  });
});
