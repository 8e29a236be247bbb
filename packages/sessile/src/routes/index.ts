export { bindingOf } from "./class-name.ts";
export { type Generated, type GenerateOptions, generate } from "./generate.ts";
export { GenerateError, type GenerateErrorCode } from "./generate-error.ts";
export type { Lockfile, LockMigration } from "./lockfile.ts";
export type { Manifest, ManifestKind } from "./manifest.ts";
export { bundledPagePath, pageEntryPath } from "./pages.ts";
export { type Plan, type Project, planGeneration } from "./plan.ts";
export type { ScannedRoute } from "./scan.ts";
export { lockPath, outputFolder, type SourceFile, sourceFolder } from "./source-file.ts";
