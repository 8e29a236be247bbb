import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bin, root, run } from "./run.ts";

/** Entries that must load in plain Node, without Workers' modules and without the source condition. */
const plainEntries = ["sessile/d1", "sessile/client", "sessile/protocol", "sessile/react"];

export async function importEverywhere(): Promise<void> {
  for (const entry of plainEntries) {
    execFileSync(
      process.execPath,
      [
        "-e",
        `import("${entry}").then((module) => { if (Object.keys(module).length === 0) process.exit(1); })`,
      ],
      { cwd: root, stdio: "inherit" },
    );
    console.log(`${entry} loads`);
  }
}

/** What a browser downloads, minified, without React. */
export async function printBundleSizes(): Promise<void> {
  for (const entry of ["client", "react"]) {
    const { outputFiles } = await build({
      entryPoints: [join(root, `packages/sessile/src/${entry}/index.ts`)],
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
      external: ["react"],
      conditions: ["sessile-source"],
    });
    const code = outputFiles[0]?.contents ?? new Uint8Array();
    console.log(
      `sessile/${entry}: ${(code.length / 1024).toFixed(1)} KB minified, ${(gzipSync(code).length / 1024).toFixed(1)} KB gzipped`,
    );
  }
}

/** Builds what a deploy would upload, with the bindings it would have. */
export async function deployDryRun(): Promise<void> {
  for (const app of ["apps/minimal", "apps/triage"]) {
    const out = mkdtempSync(join(tmpdir(), "sessile-deploy-"));
    try {
      await run(bin("wrangler"), ["deploy", "--dry-run", "--outdir", out], {
        cwd: join(root, app),
        env: { WRANGLER_SEND_METRICS: "false", CI: "1" },
      });
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }
}
