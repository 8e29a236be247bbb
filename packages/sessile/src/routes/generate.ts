import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Plan, planGeneration } from "./plan.ts";
import { applyDifferences, compareFiles, readProject } from "./project-folder.ts";
import { outputFolder } from "./source-file.ts";

export interface GenerateOptions {
  /** The project's folder: the one with `sessions/`. */
  readonly root: string;
  /** Kinds that are gone may take their storage with them. */
  readonly allowDelete?: boolean;
  /** Only says what would change. */
  readonly check?: boolean;
}

export interface Generated {
  readonly manifest: Plan["manifest"];
  /** Paths that were written or removed; with `check`, that would be. */
  readonly changed: readonly string[];
}

/** Brings what follows from `sessions/` up to date. Files that are right already are not touched. @throws GenerateError */
export function generate({ root, allowDelete = false, check = false }: GenerateOptions): Generated {
  const { manifest, files } = planGeneration(readProject(root), { allowDelete });
  // Whoever builds a fresh clone writes that folder: its absence is not something to commit.
  const built = !check || existsSync(join(root, outputFolder));
  const compared = built ? files : files.filter(({ path }) => !path.startsWith(`${outputFolder}/`));
  const differences = compareFiles(root, compared);
  if (!check) applyDifferences(root, differences);
  return { manifest, changed: [...differences.changed.map(({ path }) => path), ...differences.stale] };
}

/** The lockfile's migrations and those that generation would add, deletions too. Nothing is written. @throws GenerateError */
export function previewMigrations(root: string): Plan["migrations"] {
  return planGeneration(readProject(root), { allowDelete: true }).migrations;
}
