import { dirname } from "node:path";
import { type BuildOptions, build, formatMessages } from "esbuild";
import { UsageError } from "./usage-error.ts";

/** Our own packages are taken from source when this command runs from source, where nothing may be built yet. */
export const ownConditions = import.meta.url.endsWith(".ts") ? ["sessile-source"] : [];

/**
 * Bundles a Worker into one ES module.
 *
 * @throws UsageError with the compiler's messages
 */
export async function bundleWorker(
  main: string,
  define: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = bundleOptions(main, define);
  const result = await build(options).catch((failure: unknown) => refuseWorker(main, failure));
  const [output] = result.outputFiles;
  if (!output) throw new UsageError(`${main} gave no output.`);
  return output.text;
}

/** @throws UsageError with the compiler's messages */
export async function refuseWorker(main: string, failure: unknown): Promise<never> {
  throw new UsageError(`${main} cannot be bundled:\n${await describeFailure(failure)}`);
}

/** How a Worker is bundled, for callers that watch and rebuild. */
export function bundleOptions(main: string, define: Readonly<Record<string, string>> = {}) {
  return {
    entryPoints: [main],
    absWorkingDir: dirname(main),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: [...ownConditions, "workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".sql": "text", ".txt": "text", ".html": "text", ".md": "text" },
    define: { ...define },
    logLevel: "silent",
  } satisfies BuildOptions;
}

export async function describeFailure(failure: unknown): Promise<string> {
  if (failure instanceof Error && "errors" in failure && Array.isArray(failure.errors)) {
    return (await formatMessages(failure.errors, { kind: "error" })).join("\n").trimEnd();
  }
  return String(failure);
}
