import { build } from "esbuild";

/** A Worker as one ES module, our own packages from their source. The way `sessile serve` does it. */
export async function bundle(main: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [main],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["sessile-source", "workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`${main} gave no output`);
  return output.text;
}
