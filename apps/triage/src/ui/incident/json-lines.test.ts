import { describe, expect, test } from "vitest";
import { parseExactly } from "../../domain/formats/exact-json.ts";
import { citedPaths, jsonLines } from "./json-lines.ts";

const record = {
  EventID: 1,
  alert: { signature: "scan", tags: ["a", "b"] },
  winlog: { event_data: { CommandLine: "rundll32 comsvcs.dll, MiniDump" } },
  Message: "Image: C:\\x.exe\nHashes: SHA1=abc",
};

describe("lines of a record", () => {
  test("every scalar has a line with its dotted path", () => {
    const { lines, isCut } = jsonLines(record);
    expect(isCut).toBe(false);
    expect(lines.find(({ path }) => path === "alert.tags.1")?.text).toBe("b");
    expect(lines.filter(({ kind }) => kind === "bracket")).toHaveLength(10);
  });

  test("a number beyond 2^53 keeps its digits", () => {
    const { lines } = jsonLines(parseExactly('{"Keywords":-9223372036854775808}'));
    expect(lines[1]).toMatchObject({ key: "Keywords", text: "-9223372036854775808", kind: "number" });
  });

  test("what is deep or long is bounded", () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 500; depth++) deep = { deep };
    expect(jsonLines(deep).lines.length).toBeLessThan(200);
    expect(jsonLines(Array.from({ length: 10_000 }, () => 0))).toMatchObject({ isCut: true });
  });
});

describe("the cited lines", () => {
  const { lines } = jsonLines(record);
  const cited = (field?: string, excerpt?: string) => [...citedPaths(lines, field, excerpt)];

  test("by path, a list by its own", () => {
    expect(cited("alert.signature")).toEqual(["alert.signature"]);
    expect(cited("alert.tags")).toEqual(["alert.tags.0", "alert.tags.1"]);
  });

  test("by last name, where the field was renamed", () => {
    expect(cited("CommandLine")).toEqual(["winlog.event_data.CommandLine"]);
  });

  test("by the excerpt, where the field was read out of a longer text", () => {
    expect(cited("Image", "C:\\x.exe")).toEqual(["Message"]);
    expect(cited("Nowhere", "not in it")).toEqual([]);
    expect(cited("Nowhere", "…")).toEqual([]);
  });
});
