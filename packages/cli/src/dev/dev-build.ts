import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generate, type Manifest, outputFolder, sourceFolder } from "sessile/routes";
import { hasPages, pageBundleOptions, refusePages } from "../bundle-pages.ts";
import { bundleOptions, refuseWorker } from "../bundle-worker.ts";
import type { ServeFlags } from "../serve-flags.ts";
import { toServeOptions } from "../serve-options.ts";
import { findConfig, mainOf, readConfig } from "../worker-config.ts";
import { IncrementalBuild, inputsOf } from "./incremental-build.ts";

/** What a project's files come to now. */
export interface DevBuilt {
  /** Null without a folder of kinds. */
  readonly manifest: Manifest | null;
  readonly source: string;
  readonly options: ReturnType<typeof toServeOptions>;
  /** Scripts of pages, by the file they belong into. */
  readonly pages: ReadonlyMap<string, string>;
  /** Files that generation changed. */
  readonly generated: readonly string[];
}

/** Generates and bundles a project, again and again. */
export class DevBuild {
  readonly root: string;
  readonly #flags: ServeFlags;
  readonly #pageScript: () => string;
  readonly #worker = new IncrementalBuild();
  readonly #pages = new IncrementalBuild();
  #workerInputs: readonly string[] = [];
  #pageInputs: readonly string[] = [];

  /** @param pageScript what goes in front of every page's script */
  constructor(root: string, flags: ServeFlags, pageScript: () => string) {
    this.root = root;
    this.#flags = flags;
    this.#pageScript = pageScript;
  }

  /** @throws GenerateError, UsageError */
  async run(): Promise<DevBuilt> {
    const generated = existsSync(join(this.root, sourceFolder)) ? generate({ root: this.root }) : null;
    const config = readConfig(findConfig(this.#flags.config, this.root));
    const options = toServeOptions(this.#flags, config);
    const pages = generated
      ? await this.#buildPages(generated.manifest, config.assets?.directory)
      : new Map();
    const source = await this.#buildWorker(mainOf(config), config.define);
    return {
      manifest: generated?.manifest ?? null,
      source,
      options,
      pages,
      generated: generated?.changed ?? [],
    };
  }

  /** Whether a change there may mean another build. What is not built, such as a log, must not: it may be of our own making. */
  concerns(path: string): boolean {
    return (
      path.startsWith(join(this.root, sourceFolder)) ||
      /\.(?:[cm]?[jt]sx?|jsonc?|css)$|\.dev\.vars$/.test(path) ||
      [...this.#workerInputs, ...this.#pageInputs].includes(path)
    );
  }

  /** Where such changes are to be expected. */
  folders(): ReadonlySet<string> {
    const output = join(this.root, outputFolder);
    const inputs = [...this.#workerInputs, ...this.#pageInputs].map(dirname);
    return new Set([
      this.root,
      ...foldersBelow(join(this.root, sourceFolder)),
      ...inputs.filter((folder) => !`${folder}/`.startsWith(`${output}/`)),
    ]);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#worker.dispose(), this.#pages.dispose()]);
  }

  async #buildWorker(main: string, define: Readonly<Record<string, string>>): Promise<string> {
    const options = bundleOptions(main, define);
    // What it is made of begins with itself: where it does not compile, its folder is watched all the same.
    if (this.#workerInputs.length === 0) this.#workerInputs = [main];
    const built = await this.#worker.run(options).catch((failure: unknown) => refuseWorker(main, failure));
    this.#workerInputs = inputsOf(built, options.absWorkingDir);
    return built.outputFiles[0]?.text ?? "";
  }

  async #buildPages(manifest: Manifest, directory: string | undefined): Promise<Map<string, string>> {
    if (!hasPages(manifest)) return new Map();
    const built = await this.#pages
      .run({
        ...pageBundleOptions(this.root, manifest, directory),
        minify: false,
        sourcemap: "inline",
        define: { "process.env.NODE_ENV": '"development"' },
        banner: { js: this.#pageScript() },
      })
      .catch((failure: unknown) => refusePages(manifest, failure));
    this.#pageInputs = inputsOf(built, this.root);
    return new Map(built.outputFiles.map(({ path, text }) => [path, text]));
  }
}

/** Writes pages that are other than what is there. @returns whether any was */
export function writePages(pages: ReadonlyMap<string, string>): boolean {
  const changed = [...pages].filter(
    ([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text,
  );
  for (const [path, text] of changed) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return changed.length > 0;
}

/** A folder that may be missing, and all below it. */
function foldersBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { recursive: true, withFileTypes: true });
  return [
    folder,
    ...below.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name)),
  ];
}
