import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

const own = ["sessile-source"];

/** The Worker with all subjects, as one ES module; our library from source. */
export function bundleWorker(main: string): Promise<string> {
  return bundle({
    entryPoints: [main],
    conditions: [...own, "workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["cloudflare:*", "node:*", "path"],
    // `agents` depends on a CommonJS package that requires "path".
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire("file:///");' },
  });
}

/** Bytes a page loads for one subpath of the library, minified and gzipped, without React itself. */
export async function clientBundleBytes(subpath: string, from: string): Promise<number> {
  const text = await bundle({
    stdin: { contents: `export * from "${subpath}";`, resolveDir: from },
    conditions: [...own, "browser"],
    external: ["react", "react-dom"],
    minify: true,
  });
  return gzipSync(text).length;
}

async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    logLevel: "error",
    ...options,
  });
  const text = outputFiles?.[0]?.text;
  if (text === undefined) throw new Error("The bundle is empty.");
  return text;
}
