import { describe, expect, test } from "vitest";
import { sliceBytes, sliceFile } from "./slice-file.ts";

async function slicesOf(text: string): Promise<readonly string[]> {
  const slices: string[] = [];
  for await (const slice of sliceFile(new Blob([text]))) slices.push(await slice.text());
  return slices;
}

const record = (n: number, end: string) => `{"n":${n},"pad":"${"x".repeat(1_000)}"}${end}`;
const records = (count: number, end: string) =>
  Array.from({ length: count }, (_, n) => record(n, end)).join("");
const enough = Math.ceil((2.5 * sliceBytes) / 1_010);

describe("slices of a file", () => {
  test.each([
    ["\\n", "\n"],
    ["\\r\\n", "\r\n"],
  ])("lines ended by %s are cut between records, and nothing is lost", async (_name, end) => {
    const text = records(enough, end);
    const slices = await slicesOf(text);
    expect(slices.length).toBe(3);
    expect(slices.join("")).toBe(text);
    for (const slice of slices) {
      for (const line of slice.trimEnd().split(end)) expect(() => JSON.parse(line)).not.toThrow();
    }
  });

  test("a short file is one slice", async () => {
    expect(await slicesOf(records(3, "\n"))).toHaveLength(1);
    expect(await slicesOf("")).toEqual([""]);
  });

  test("an array stays whole, however its lines end", async () => {
    const text = `[${records(enough, "\n").trimEnd().replaceAll("\n", ",\n")}]`;
    expect(await slicesOf(text)).toHaveLength(1);
    // Not JSON, but it says that it is an array: then the server is to judge it as one.
    expect(await slicesOf(`\uFEFF  [${records(enough, "\n")}`)).toHaveLength(1);
  });

  test("records over several lines are cut only between records", async () => {
    const pretty = `{\n  "a": {\n    "b": [\n{"c": "${"y".repeat(2_000)}"}\n]\n  }\n}\n`;
    const text = pretty.repeat(Math.ceil((2 * sliceBytes) / pretty.length));
    const slices = await slicesOf(text);
    expect(slices.length).toBeGreaterThan(1);
    expect(slices.join("")).toBe(text);
    for (const slice of slices) expect(slice.startsWith("{\n  ") && slice.endsWith("}\n")).toBe(true);
  });
});
