import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { emptyView, type SessionView } from "../protocol/index.ts";
import { comparePositions, decodeCursor, encodeCursor } from "./cursor.ts";
import {
  createShardedRecord,
  directoryChangeOf,
  directoryChangeSchema,
  directoryRowOf,
  maxTitleChars,
} from "./index.ts";
import { exampleRow, refused } from "./record-examples.ts";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { compareText, splitByBytes, storableText, utf8Bytes } from "./text.ts";

const view: SessionView<{ title: string; severity: number }> = {
  ...emptyView("incident", "i1"),
  lifecycle: "active",
  status: "new",
  state: { title: "  Beacon\n to 10.0.0.1 ", severity: 3 },
  lastSeq: 7,
  createdAt: 1,
  updatedAt: 2,
};

describe("directory row", () => {
  it("RE18 comes from the view; without a description the title is the name", () => {
    const row = directoryRowOf(view, {
      title: ({ state }) => state.title,
      facts: ({ state }) => ({ severity: state.severity }),
      ownerId: () => "u1",
    });
    expect(row).toEqual({
      kind: "incident",
      name: "i1",
      lifecycle: "active",
      status: "new",
      title: "Beacon to 10.0.0.1",
      ownerId: "u1",
      lastSeq: 7,
      createdAt: 1,
      updatedAt: 2,
      facts: { severity: 3 },
      gates: [],
    });
    expect(directoryRowOf(view)).toMatchObject({ title: "i1", ownerId: null, facts: {} });
    expect(directoryRowOf(view, { title: () => " " }).title).toBe("i1");
  });

  it("SS8 a child's says whose child it is", () => {
    const child = { ...view, parent: { kind: "case", name: "c1", objectId: "aa" } };
    const facts = () => ({ severity: 3 });
    expect(directoryRowOf(child, { facts }).facts).toEqual({ parent: "case/c1", severity: 3 });
  });

  it("SS12 gates of a child say in whose tree they wait", () => {
    const gate = { gateId: "g", title: "Go?", detail: "", options: ["yes"], expiresAt: null, openedAt: 1 };
    const rootOfGate = (more: object) =>
      directoryRowOf({ ...view, gates: { g: gate }, ...more }).gates?.map(({ root }) => root);
    expect(rootOfGate({})).toEqual([undefined]);
    const parent = { kind: "case", name: "c1", objectId: "aa" };
    expect(rootOfGate({ parent })).toEqual([{ kind: "case", name: "c1" }]);
    const root = { kind: "matter", name: "m1" };
    expect(rootOfGate({ parent: { ...parent, root } })).toEqual([root]);
  });

  it("RE18 a title is one line of at most 200 characters, never cut inside a character", () => {
    const { title } = directoryRowOf(view, { title: () => `x${"\u{1f9ed}".repeat(200)}` });
    expect(title.length).toBeLessThanOrEqual(maxTitleChars);
    expect(title.endsWith("\u{1f9ed}…")).toBe(true);
    expect(storableText(title)).toBe(title);
    const exact = "y".repeat(maxTitleChars);
    expect(directoryRowOf(view, { title: () => exact }).title).toBe(exact);
  });
});

describe("directory change", () => {
  it("RE19 carries what a list shows, and its schema refuses anything malformed", () => {
    const change = directoryChangeOf(exampleRow("a", { ownerId: "secret", facts: { severity: 3 } }));
    expect(Object.keys(change)).toEqual([
      "kind",
      "name",
      "lifecycle",
      "status",
      "title",
      "lastSeq",
      "updatedAt",
      "facts",
      "waiting",
    ]);
    expect(z.parse(directoryChangeSchema, JSON.parse(JSON.stringify(change)))).toEqual(change);
    expect(z.parse(directoryChangeSchema, { ...change, later: 1 })).toEqual(change);
    for (const wrong of [
      { lifecycle: "gone" },
      { lastSeq: -1 },
      { title: null },
      { facts: [] },
      { updatedAt: "now" },
    ]) {
      expect(z.safeParse(directoryChangeSchema, { ...change, ...wrong }).success).toBe(false);
    }
  });
});

describe("cursor", () => {
  it("RE12 survives its text form, whatever the key holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (key, sessionId) => {
        const position = { order: "title" as const, key, sessionId: `n/${sessionId}` };
        const cursor = encodeCursor(position);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(cursor, "title")).toEqual(position);
      }),
    );
  });

  it("RE12 any other text is refused as bad_request", () => {
    fc.assert(
      fc.property(fc.base64String(), (text) => {
        expect(() => decodeCursor(text, "-updatedAt")).toThrow(
          expect.objectContaining({ code: "bad_request" }),
        );
      }),
    );
    const numeric = encodeCursor({ order: "title", key: 5, sessionId: "n/a" });
    expect(() => decodeCursor(numeric, "title")).toThrow("malformed");
  });
});

describe("shards", () => {
  it("RE14 a session lives whole on the shard its address names, and default shards all get some", async () => {
    const shards = [openSqliteD1(), openSqliteD1(), openSqliteD1()];
    const record = createShardedRecord({ shards });
    for (let index = 0; index < 60; index++) await record.upsertSession(exampleRow(`s${index}`));
    const counts = shards.map((db) =>
      Number(db.database.prepare("SELECT COUNT(*) AS n FROM sessile_sessions").get()?.n),
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(60);
    expect(Math.min(...counts)).toBeGreaterThan(5);
  });

  it("RE14 a shard function of one's own decides, and one that names no shard is an error", async () => {
    const shards = [openSqliteD1(), openSqliteD1()];
    const record = createShardedRecord({ shards, shardOf: (kind) => (kind === "note" ? 1 : 2) });
    await record.upsertSession(exampleRow("a"));
    expect(shards[1]?.database.prepare("SELECT sessionId FROM sessile_sessions").all()).toEqual([
      { sessionId: "note/a" },
    ]);
    await refused(() => record.getSession("chat", "a"), "internal");
  });

  it("RE14 titles above U+FFFF merge in the order in which each shard sorts them", async () => {
    const shards = [openSqliteD1(), openSqliteD1()];
    const record = createShardedRecord({ shards, shardOf: (_kind, name) => Number(name) % 2 });
    for (const [name, title] of ["\u{1f9ed}", "\uff5e", "\ue000", "\u{10000}", "z", "é"].entries()) {
      await record.upsertSession(exampleRow(String(name), { title }));
    }
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await record.listSessions({
        order: "title",
        limit: 1,
        ...(cursor === undefined ? {} : { cursor }),
      });
      names.push(...page.items.map((item) => item.name));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect([...names].sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(names.indexOf("3")).toBeGreaterThan(names.indexOf("2"));
    const at = (key: number) => ({ order: "-updatedAt" as const, key, sessionId: "n/a" });
    expect(comparePositions(at(1), at(2))).toBeGreaterThan(0);
  });
});

describe("text", () => {
  it("RE8 pieces join to the text and none is longer than asked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 4, max: 20 }), (text, maxBytes) => {
        const pieces = splitByBytes(text, maxBytes);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) {
          expect(utf8Bytes(piece)).toBe(Buffer.byteLength(piece));
          expect(utf8Bytes(piece)).toBeLessThanOrEqual(maxBytes);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it("RE14 texts compare as their UTF-8 bytes do", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareText(left, right))).toBe(
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
