import { resolve } from "node:path";
import { type BuildContext, type BuildOptions, type BuildResult, context } from "esbuild";

type Built = BuildResult<{ metafile: true; write: false }>;

/** A bundle that is made again and again: what did not change is kept. Nothing is written. */
export class IncrementalBuild {
  #context: BuildContext<{ metafile: true; write: false }> | null = null;
  #options = "";

  async run(options: BuildOptions & { readonly absWorkingDir: string }): Promise<Built> {
    const written = JSON.stringify(options);
    if (!this.#context || written !== this.#options) {
      await this.dispose();
      this.#context = await context({ ...options, metafile: true, write: false });
      this.#options = written;
    }
    return this.#context.rebuild();
  }

  async dispose(): Promise<void> {
    await this.#context?.dispose();
    this.#context = null;
  }
}

/** Files that a bundle was made of, those of installed packages apart. */
export function inputsOf({ metafile }: Built, folder: string): readonly string[] {
  return Object.keys(metafile.inputs)
    .filter((path) => !path.includes("node_modules/"))
    .map((path) => resolve(folder, path));
}
