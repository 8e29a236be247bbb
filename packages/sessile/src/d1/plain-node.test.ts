import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import * as record from "../record/index.ts";
import * as entry from "./index.ts";

test("AS20 sessile/d1 has the record's exports and the state store's, and loads in plain Node", () => {
  const script = `
    for (const name of ["caches", "WebSocketPair", "HTMLRewriter"]) delete globalThis[name];
    import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)}).then((d1) => console.log(Object.keys(d1).join()));
  `;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(out.trim().split(",").sort()).toEqual(Object.keys(entry).sort());
  expect(Object.keys(entry)).toEqual(expect.arrayContaining(Object.keys(record)));
  expect(Object.keys(entry)).toEqual(expect.arrayContaining(["createD1StateStore", "runMigration"]));
});

test("AS20 no file of the stores imports anything of a platform", () => {
  const folder = new URL("../stores/", import.meta.url);
  const shipped = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  expect(shipped).toContain("d1-state-store.ts");
  for (const file of shipped)
    for (const [, source] of readFileSync(new URL(file, folder), "utf8").matchAll(/from "([^"]+)"/g))
      expect(source).toMatch(/^\.\.?\/[a-z0-9/-]+\.ts$/);
});

test("AS20 a bundler takes it whole, without externals and without anything of the object's layer", async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("index.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    metafile: true,
    write: false,
  });
  expect(outputFiles[0]?.text).not.toContain("cloudflare:");
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((file) => file.includes("/src/object/") || file.includes("/src/worker/"))).toEqual([]);
  expect(inputs.some((file) => file.endsWith("stores/d1-state-store.ts"))).toBe(true);
});
