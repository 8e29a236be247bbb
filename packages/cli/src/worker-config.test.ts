import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findConfig, readConfig } from "./worker-config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sessile-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(text: string, name = "wrangler.jsonc"): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("configuration", () => {
  test("is read with comments and trailing commas, paths relative to it, and secrets from .dev.vars", () => {
    write("KEY=secret\n# comment\nMODE='from dev'\n", ".dev.vars");
    const file = write(`{
      // a comment
      "name": "app", "main": "src/worker.ts", "compatibility_date": "2026-11-01", "compatibility_flags": ["nodejs_compat"],
      "durable_objects": { "bindings": [{ "name": "A", "class_name": "New" }, { "name": "K", "class_name": "Old" }] },
      "migrations": [
        { "tag": "v1", "new_sqlite_classes": ["First"], "new_classes": ["Old"] },
        { "tag": "v2", "renamed_classes": [{ "from": "First", "to": "New" }] },
      ],
      "d1_databases": [{ "binding": "DB", "database_name": "d", "database_id": "0" }],
      "r2_buckets": [{ "binding": "SESSILE_PARTS", "bucket_name": "parts" }],
      "worker_loaders": [{ "binding": "SANDBOX" }],
      "workflows": [{ "binding": "RUNS", "name": "app-runs", "class_name": "Runs" }],
      "vars": { "MODE": "x", "LIST": [1] },
      "assets": { "directory": "dist", "not_found_handling": "single-page-application", "run_worker_first": ["/v1/*"] },
      "observability": { "enabled": true },
    }`);
    expect(readConfig(file)).toEqual({
      main: join(folder, "src/worker.ts"),
      compatibilityDate: "2026-11-01",
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: { A: { className: "New", useSQLite: true }, K: { className: "Old", useSQLite: false } },
      renamedClasses: [{ from: "First", to: "New" }],
      d1: ["DB"],
      r2: ["SESSILE_PARTS"],
      workerLoaders: ["SANDBOX"],
      workflows: { RUNS: { name: "app-runs", className: "Runs" } },
      vars: { MODE: "from dev", LIST: [1], KEY: "secret" },
      assets: { directory: join(folder, "dist"), spa: true, workerFirst: ["/v1/*"] },
      define: {},
    });
  });

  test("with nothing but a date has no bindings", () => {
    expect(readConfig(write(`{"compatibility_date": "2026-11-01"}`))).toMatchObject({
      main: undefined,
      durableObjects: {},
      d1: [],
      assets: undefined,
    });
  });

  test("that is not JSON is refused with the line", () => {
    expect(() => readConfig(write(`{\n  "main": \n}`))).toThrow(
      /wrangler\.jsonc:3 is not JSON: ValueExpected/,
    );
  });

  test("with a wrong field is refused with its path", () => {
    const file = write(`{"compatibility_date": "2026-11-01", "d1_databases": [{}]}`);
    expect(() => readConfig(file)).toThrow(/d1_databases\[0\]\.binding/);
  });

  test("is found in the folder, and missed with the way out", () => {
    expect(() => findConfig(undefined, folder)).toThrow("--config");
    const json = write("{}", "wrangler.json");
    expect(findConfig(undefined, folder)).toBe(json);
    const jsonc = write("{}");
    expect(findConfig(undefined, folder)).toBe(jsonc);
    expect(findConfig("wrangler.json", folder)).toBe(json);
    expect(() => findConfig("other.jsonc", folder)).toThrow("There is no configuration at");
  });
});
