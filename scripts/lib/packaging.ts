import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { apps } from "./build.ts";
import { bin, root, run } from "./run.ts";

/** Entries that must load in plain Node, without Workers' modules and without the source condition. */
const plainEntries = [
  "sessile/d1",
  "sessile/stores",
  "sessile/stores/node",
  "sessile/client",
  "sessile/client-node",
  "sessile/protocol",
  "sessile/react",
  "sessile/routes",
];

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
    console.log(`sessile/${entry}: ${sizesOf(code)}`);
  }
}

/** What a page needs that connects over a WebSocket and uses nothing else. */
const maxConnectGzipKilobytes = 18;

/** @throws Error if the client has grown, or if it no longer leaves out what a page does not use */
export async function boundConnectSize(): Promise<void> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { connect } from "./index.ts"; globalThis.connect = connect;',
      resolveDir: join(root, "packages/sessile/src/client"),
    },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    conditions: ["sessile-source"],
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  console.log(`connect() alone: ${sizesOf(code)}, at most ${maxConnectGzipKilobytes} KB gzipped`);
  for (const [text, what] of [
    ["text/event-stream", "the HTTP transports"],
    ["sessile-outbox", "the durable outbox"],
    ["sessile-tabs", "what tabs share"],
  ] as const)
    if (new TextDecoder().decode(code).includes(text))
      throw new Error(`connect() alone contains ${what}; something it needs imports it.`);
  if (gzipSync(code).length > maxConnectGzipKilobytes * 1024)
    throw new Error("connect() alone has grown beyond its limit.");
}

function sizesOf(code: Uint8Array): string {
  return `${(code.length / 1024).toFixed(1)} KB minified, ${(gzipSync(code).length / 1024).toFixed(1)} KB gzipped`;
}

/** Builds what a deploy would upload, with the bindings it would have. */
export async function deployDryRun(): Promise<void> {
  for (const app of apps) {
    const out = mkdtempSync(join(tmpdir(), "sessile-deploy-"));
    try {
      await run(bin("wrangler"), ["deploy", "--dry-run", "--outdir", out], {
        cwd: join(root, "apps", app),
        env: { WRANGLER_SEND_METRICS: "false", CI: "1" },
      });
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }
}
