import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { generatedHeader } from "./generated-header.ts";
import type { Project } from "./plan.ts";
import { conventionalFiles } from "./scan.ts";
import { lockPath, outputFolder, type SourceFile, sourceFolder } from "./source-file.ts";

const configs = ["wrangler.jsonc", "wrangler.json"];

/** Reads what generation depends on. */
export function readProject(root: string): Project {
  const sources = list(root, sourceFolder).filter((path) => conventionalFiles.has(basename(path)));
  const config = configs.find((path) => existsSync(join(root, path)));
  return {
    sources: sources.map((path) => read(root, path)),
    lock: existsSync(join(root, lockPath)) ? read(root, lockPath) : null,
    config: config === undefined ? null : read(root, config),
  };
}

/** What is written where: paths whose text differs, and generated modules that nothing asks for any more. */
export interface Differences {
  readonly changed: readonly SourceFile[];
  readonly stale: readonly string[];
}

export function compareFiles(root: string, files: readonly SourceFile[]): Differences {
  const wanted = new Set(files.map(({ path }) => path));
  const changed = files.filter(
    ({ path, text }) => !existsSync(join(root, path)) || read(root, path).text !== text,
  );
  const stale = list(root, outputFolder).filter(
    (path) => path.endsWith(".ts") && !wanted.has(path) && read(root, path).text.startsWith(generatedHeader),
  );
  return { changed, stale };
}

export function applyDifferences(root: string, { changed, stale }: Differences): void {
  for (const { path, text } of changed) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    // Whoever watches the folder, stops the command or runs another beside it never finds half a file.
    const next = `${file}.${randomUUID()}.next`;
    writeFileSync(next, text);
    renameSync(next, file);
  }
  for (const path of stale) rmSync(join(root, path), { force: true });
}

function read(root: string, path: string): SourceFile {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

/** All files of a folder that may be missing. */
function list(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}
